import { readFile } from "node:fs/promises";
import {
  constants,
  createServer,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type Http2Server,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { messagePrefix, patience, protocol, service, type Plugin } from "./plugin";
import type { Pool } from "./pool";
import type { Start } from "./start-message";

/** gRPC's status of a method that isn't there. */
const unimplemented = "12";

const grpc = { ":status": 200, "content-type": "application/grpc" };

/**
 * Stands before a provider for one Terraform: answers the question for the schema with a part of it, and passes everything
 * else on to a provider from the pool, which it takes only then. Ends when Terraform lets go of it, is gone, or doesn't
 * connect within a minute.
 * @param front is told where to connect, and then the provider's log; it is closed at the end
 */
export function serveFront(front: Socket, start: Start, pool: Pool): void {
  new Lease(front, start, pool).open();
}

/** The time in which a provider is one Terraform's. */
class Lease {
  private readonly server: Http2Server = createServer();
  private readonly deadline = setTimeout(() => {
    this.ends();
  }, patience);
  private plugin: Promise<Plugin> | undefined;
  private calls = 0;
  /** Terraform has said goodbye, and hasn't told the provider to stop, which would reach the next Terraform's calls. */
  private isReturnable = false;
  private isStopped = false;
  private isEnded = false;

  constructor(
    private readonly front: Socket,
    private readonly start: Start,
    private readonly pool: Pool,
  ) {}

  open(): void {
    this.front.once("close", this.ends);
    this.server.on("session", (session) => {
      clearTimeout(this.deadline);
      session.once("close", this.ends);
      this.front.once("close", () => {
        session.destroy();
      });
    });
    this.server.on("stream", (stream, headers) => {
      // Terraform has it as well.
      stream.on("error", () => undefined);
      this.answer(stream, headers).catch((error: unknown) => {
        // Terraform may have cancelled the call meanwhile, which leaves the others as they are.
        if (!stream.destroyed) {
          this.front.write(`${String(error)}\n`);
          this.ends();
        }
      });
    });
    this.server.listen(0, "127.0.0.1", () => {
      const { port } = this.server.address() as AddressInfo;
      this.front.write(`1|${protocol}|tcp|127.0.0.1:${port}|grpc\n`);
    });
  }

  private async answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    const method = headers[":path"] ?? "";
    if (method === `${service}/GetSchema`) {
      stream.resume();
      send(stream, framed(await readFile(this.start.schemaFile)));
    } else if (method === "/plugin.GRPCController/Shutdown") {
      stream.resume();
      this.isReturnable = !this.isStopped && this.calls === 0;
      stream.once("close", this.ends);
      send(stream, framed(Buffer.alloc(0)));
    } else if (/^\/plugin\.GRPC(Broker|Stdio)\//.test(method)) {
      // Terraform does without them.
      stream.resume();
      stream.respond({ ...grpc, "grpc-status": unimplemented }, { endStream: true });
    } else if (method === `${service}/PrepareProviderConfig`) {
      await this.prepare(stream, headers);
    } else {
      this.isStopped ||= method === `${service}/Stop`;
      stream.pipe(await this.pass(stream, headers));
    }
  }

  /** Answers as the provider has answered the same question before: each time it checks all its schemas. */
  private async prepare(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    const question = await buffer(stream);
    const known = this.pool.answerTo(this.start, question);
    if (known !== undefined) {
      send(stream, known);
      return;
    }
    const request = await this.pass(stream, headers);
    const parts: Buffer[] = [];
    let status: string | undefined;
    request.on("data", (part: Buffer) => parts.push(part));
    request.once("trailers", (trailers: IncomingHttpHeaders) => {
      status = String(trailers["grpc-status"]);
    });
    request.once("end", () => {
      if (status === "0") {
        this.pool.keepAnswer(this.start, question, Buffer.concat(parts));
      }
    });
    request.end(question);
  }

  /** Asks the provider with the same headers, and passes its answer on. */
  private async pass(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<ClientHttp2Stream> {
    if (this.isEnded) {
      throw new Error("Terraform has said goodbye");
    }
    this.isReturnable = false;
    this.calls += 1;
    stream.once("close", () => {
      this.calls -= 1;
    });
    this.plugin ??= this.take();
    const { session } = await this.plugin;
    if (stream.destroyed) {
      throw new Error("Terraform has cancelled the call");
    }
    const request = session.request(headers);
    let trailers: IncomingHttpHeaders = {};
    request.once("response", (response, flags) => {
      const isAll = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      if (!stream.destroyed) {
        stream.respond(response, isAll ? { endStream: true } : { waitForTrailers: true });
      }
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
    stream.once("close", () => {
      request.close(constants.NGHTTP2_CANCEL);
    });
    request.pipe(stream);
    return request;
  }

  private async take(): Promise<Plugin> {
    const plugin = await this.pool.take(this.start);
    plugin.log.on("data", this.print);
    plugin.process.once("close", this.ends);
    return plugin;
  }

  private readonly print = (part: Buffer): void => {
    this.front.write(part);
  };

  private readonly ends = (): void => {
    void this.end();
  };

  private async end(): Promise<void> {
    if (this.isEnded) {
      return;
    }
    this.isEnded = true;
    clearTimeout(this.deadline);
    this.server.close();
    const plugin = await this.plugin?.catch(() => undefined);
    plugin?.process.off("close", this.ends);
    if (plugin !== undefined && this.isReturnable) {
      plugin.log.off("data", this.print).resume();
      this.pool.give(this.start, plugin);
    } else {
      plugin?.process.kill("SIGKILL");
    }
    this.front.end();
  }
}

/** A message as gRPC sends it, uncompressed. */
function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(messagePrefix);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Answers with one framed message, and success. */
function send(stream: ServerHttp2Stream, message: Buffer): void {
  stream.once("wantTrailers", () => {
    stream.sendTrailers({ "grpc-status": "0" });
  });
  stream.respond(grpc, { waitForTrailers: true });
  stream.end(message);
}
