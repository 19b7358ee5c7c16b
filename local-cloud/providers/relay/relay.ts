import { readFileSync } from "node:fs";
import { constants, createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { messagePrefix, protocol, service, startPlugin, type Plugin } from "./plugin";

// Stands in Terraform's mirror in place of the AWS provider: answers the question for the schema with a part of it, and
// passes everything else on to the real provider, which it starts only then: node relay.js PROVIDER SCHEMA

const [, , executable = "", schemaFile = ""] = process.argv;

/** gRPC's status of a method that isn't there. */
const unimplemented = "12";

/** Milliseconds between two looks whether Terraform, which may be killed, is still there. */
const watchPeriod = 1000;

let plugin: Promise<Plugin> | undefined;

function startOnce(): Promise<Plugin> {
  plugin ??= startPlugin(executable, process.env, "inherit").then((started) => {
    started.process.once("exit", (code) => process.exit(code ?? 1));
    return started;
  });
  return plugin;
}

function answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  const method = headers[":path"] ?? "";
  if (method === `${service}/GetSchema`) {
    stream.resume();
    send(stream, readFileSync(schemaFile));
  } else if (method === "/plugin.GRPCController/Shutdown" && plugin === undefined) {
    stream.resume();
    stream.once("close", () => process.exit());
    send(stream, Buffer.alloc(0));
  } else if (/^\/plugin\.GRPC(Broker|Stdio)\//.test(method)) {
    // Terraform does without them.
    stream.resume();
    stream.respond({ ...grpc, "grpc-status": unimplemented }, { endStream: true });
  } else {
    pass(stream, headers).catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  }
}

const grpc = { ":status": 200, "content-type": "application/grpc" };

/** Answers with one message, and success. */
function send(stream: ServerHttp2Stream, message: Buffer): void {
  const prefix = Buffer.alloc(messagePrefix);
  prefix.writeUInt32BE(message.length, 1);
  stream.once("wantTrailers", () => {
    stream.sendTrailers({ "grpc-status": "0" });
  });
  stream.respond(grpc, { waitForTrailers: true });
  stream.end(Buffer.concat([prefix, message]));
}

async function pass(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
  const { session } = await startOnce();
  const request = session.request(headers);
  let trailers: IncomingHttpHeaders = {};
  request.once("response", (response, flags) => {
    const isAll = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    stream.respond(response, isAll ? { endStream: true } : { waitForTrailers: true });
  });
  request.once("trailers", (received: IncomingHttpHeaders) => {
    trailers = received;
  });
  stream.once("wantTrailers", () => {
    stream.sendTrailers(trailers);
  });
  request.once("error", () => {
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  });
  stream.once("aborted", () => {
    request.close(constants.NGHTTP2_CANCEL);
  });
  stream.pipe(request);
  request.pipe(stream);
}

const terraform = process.ppid;
setInterval(() => {
  if (process.ppid !== terraform) {
    process.exit(1);
  }
}, watchPeriod).unref();

// Ctrl-C reaches all processes of a terminal, and Terraform asks its providers itself to stop.
process.on("SIGINT", () => undefined);

const server = createServer();
server.on("stream", (stream, headers) => {
  // Terraform has it as well.
  stream.on("error", () => undefined);
  answer(stream, headers);
});
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  console.log(`1|${protocol}|tcp|127.0.0.1:${port}|grpc`);
});
