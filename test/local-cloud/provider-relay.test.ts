import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from "node:http2";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { buffer } from "node:stream/consumers";
import { Reader } from "protobufjs/minimal";
import { placeRelay } from "../../local-cloud/providers/relay/place";
import { heldTypes } from "../../local-cloud/providers/relay/schema-part";
import { eventually } from "../support/jest/eventually";

const place = "registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64";
const name = "terraform-provider-aws_v5.100.0_x5";
const plugin = resolve("test/support/programs/provider-plugin.js");

let directory: string;
let variables: NodeJS.ProcessEnv;
let started: (ChildProcess | ClientHttp2Session)[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "relay-"));
  mkdirSync(join(directory, "real"));
  symlinkSync(plugin, join(directory, "real", name));
  variables = { PLUGIN_CALLS: join(directory, "calls"), PLUGIN_CLIENT_CERT: "terraform's" };
  Object.assign(process.env, variables);
  started = [];
});

afterEach(() => {
  Object.keys(variables).forEach((variable) => Reflect.deleteProperty(process.env, variable));
  for (const one of started) {
    if ("kill" in one) {
      one.kill("SIGKILL");
    } else {
      one.destroy();
    }
  }
  rmSync(directory, { recursive: true });
});

const relay = () => placeRelay(join(directory, "relays"), { folder: join(directory, "real"), place });

/** What the provider has noted: its starts, and the methods that it was called by. */
const noted = () =>
  readFileSync(join(directory, "calls"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/^\d+ /, ""));

/** Starts the executable of a mirror as Terraform does, and connects to it. */
async function start(mirror: string, wrapper: readonly string[] = []) {
  writeFileSync(join(directory, "calls"), "");
  const [program, ...args] = [...wrapper, join(mirror, place, name)];
  const child = spawn(program, args, {
    env: { ...process.env, PLUGIN_PROTOCOL_VERSIONS: "5,6" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  started.push(child);
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const [, version, , address, kind, certificate] = line.split("|");
  expect([version, kind, certificate]).toEqual(["5", "grpc", undefined]);
  const session = connect(`http://${String(address)}`);
  session.on("error", () => undefined);
  started.push(session);
  return { child, session };
}

async function call(session: ClientHttp2Session, path: string, content = Buffer.alloc(0)) {
  const request = session.request({ ":method": "POST", ":path": path, te: "trailers" });
  let status: IncomingHttpHeaders = {};
  const keep = (headers: IncomingHttpHeaders) => {
    status = { ...status, ...headers };
  };
  request.on("response", keep).on("trailers", keep);
  request.end(content);
  const answer = await buffer(request);
  return {
    answer,
    status: status["grpc-status"],
    message: status["grpc-message"],
    own: status["from-plugin"],
  };
}

/** The fields of a message, and the keys of those that are entries of maps. */
function fieldsOf(message: Buffer): readonly (number | string)[][] {
  const reader = new Reader(message);
  const fields: (number | string)[][] = [];
  while (reader.pos < reader.len) {
    const field = reader.uint32() >>> 3;
    const content = Buffer.from(reader.bytes()).toString();
    fields.push([field, /[a-z]+_[a-z_]+/.exec(content)?.[0] ?? content]);
  }
  return fields;
}

test("Terraform is told of the types that the local cloud can hold, without the provider being started", async () => {
  const { session, child } = await start(await relay());
  const { answer, status } = await call(session, "/tfplugin5.Provider/GetSchema", Buffer.alloc(5));
  expect(status).toBe("0");
  expect(answer.readUInt32BE(1)).toBe(answer.length - 5);
  expect(fieldsOf(answer.subarray(5))).toEqual([
    [1, "the provider's own"],
    [2, "aws_ecs_cluster"],
    [2, "aws_ssm_activation"],
    [3, "aws_caller_identity"],
    [6, "capabilities"],
    [7, "arn_parse"],
    [8, "aws_ssm_parameter"],
  ]);
  expect(noted()).toEqual([""]);
  const ended = once(child, "exit");
  await call(session, "/plugin.GRPCController/Shutdown", Buffer.alloc(5));
  expect(await ended).toEqual([0, null]);
});

test("every other call reaches the provider, which is started once, and its answer reaches Terraform", async () => {
  const { session, child } = await start(await relay());
  const content = Buffer.alloc(300_000, "text");
  const [echoed, refused] = await Promise.all([
    call(session, "/test/Echo", content),
    call(session, "/test/Refuse"),
  ]);
  expect(echoed.answer.equals(content)).toBe(true);
  expect(echoed).toMatchObject({ status: "0", own: "yes" });
  expect(refused).toMatchObject({ status: "3", message: "refused" });
  expect((await call(session, "/plugin.GRPCStdio/StreamStdio")).status).toBe("12");
  const ended = once(child, "exit");
  expect((await call(session, "/plugin.GRPCController/Shutdown")).own).toBe("yes");
  expect(await ended).toEqual([0, null]);
  expect(noted().sort()).toEqual(["/plugin.GRPCController/Shutdown", "/test/Echo", "/test/Refuse", "starts"]);
});

test("a provider that ends takes its relay with it", async () => {
  const { session, child } = await start(await relay());
  const ended = once(child, "exit");
  await call(session, "/test/Die").catch(() => undefined);
  expect(await ended).toEqual([7, null]);
});

test("neither the relay nor the provider outlives a Terraform that is killed", async () => {
  const { session, child } = await start(await relay(), ["bash", "--norc", "-c", '"$1"; true', "bash"]);
  await call(session, "/test/Echo");
  const [provider = ""] = /^\d+/.exec(readFileSync(join(directory, "calls"), "utf8")) ?? [];
  const runs = () => process.kill(Number(provider), 0);
  expect(runs()).toBe(true);
  child.kill("SIGKILL");
  await eventually("the provider has ended", () => {
    try {
      runs();
      return Promise.resolve(undefined);
    } catch {
      return Promise.resolve(true);
    }
  });
});

test("local clouds share a relay until the provider is another one", async () => {
  const first = await relay();
  expect(await relay()).toBe(first);
  expect(noted()).toEqual(["starts", "/tfplugin5.Provider/GetSchema"]);
  rmSync(join(directory, "real", name));
  writeFileSync(join(directory, "real", name), `#!/bin/sh\nexec '${plugin}'\n`, { mode: 0o755 });
  expect(await relay()).not.toBe(first);
  expect(readdirSync(join(directory, "relays"))).toHaveLength(2);
});

test("a provider that can't be used is named, and nothing is left", async () => {
  variables["PLUGIN_REFUSES"] = "yes";
  Object.assign(process.env, variables);
  await expect(relay()).rejects.toThrow(/aws_v5\.100\.0_x5 doesn't give its schema: refused/);
  variables["PLUGIN_SPEAKS"] = "6";
  Object.assign(process.env, variables);
  await expect(relay()).rejects.toThrow(
    /aws_v5\.100\.0_x5 doesn't speak version 5 of Terraform's plugin protocol: 1\|6\|/,
  );
  rmSync(join(directory, "real", name));
  writeFileSync(join(directory, "real", name), "#!/bin/sh\nexit 3\n", { mode: 0o755 });
  await expect(relay()).rejects.toThrow(/aws_v5\.100\.0_x5 ended with exit code 3/);
  expect(readdirSync(join(directory, "relays"))).toEqual([]);
});

test("Terraform is told of every type that the project uses", () => {
  const used = ["constructs", "stacks"]
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".ts"))
        .map((file) => readFileSync(join(folder, file), "utf8")),
    )
    .flatMap((source) => [...source.matchAll(/@cdktf\/provider-aws\/lib\/(?:data-aws-)?([\w-]+)/g)])
    .map(([, binding = ""]) => `aws_${binding.replaceAll("-", "_")}`)
    .filter((type) => type !== "aws_provider");
  expect(used.length).toBeGreaterThan(20);
  expect(used.filter((type) => !heldTypes.some((held) => type.startsWith(`${held}_`)))).toEqual([]);
});
