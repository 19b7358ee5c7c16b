import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
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
import { buffer, text } from "node:stream/consumers";
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

/** A relay, whose provider has noted nothing yet. */
async function fresh(): Promise<string> {
  const mirror = await relay();
  writeFileSync(join(directory, "calls"), "");
  return mirror;
}

/** What the provider has noted: its starts, and the methods that it was called by. */
const noted = () =>
  readFileSync(join(directory, "calls"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/^\d+ /, ""));

/** Starts the executable of a mirror as Terraform does, and connects to it. */
async function start(mirror: string, wrapper: readonly string[] = []) {
  const [program, ...args] = [...wrapper, join(mirror, place, name)];
  const child = spawn(program, args, {
    env: { ...process.env, PLUGIN_PROTOCOL_VERSIONS: "5,6", TMPDIR: directory },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const [, version, , address, kind, certificate] = line.split("|");
  expect([version, kind, certificate]).toEqual(["5", "grpc", undefined]);
  const session = connect(`http://${String(address)}`);
  session.on("error", () => undefined);
  started.push(session);
  return { child, session, log: text(child.stderr) };
}

/** Ends one as Terraform does. @returns its exit code, and the answer */
async function shutDown({ child, session }: Awaited<ReturnType<typeof start>>) {
  const ended = once(child, "exit");
  const answer = await call(session, "/plugin.GRPCController/Shutdown", Buffer.alloc(5));
  session.destroy();
  const [code] = (await ended) as [number | null];
  return { code, ...answer };
}

/** The folders through which relays are shared. */
const shared = () => readdirSync(directory).filter((file) => file.startsWith("anywhere-provider-"));

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
  const terraforms = await start(await fresh());
  const { session } = terraforms;
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
  expect(await shutDown(terraforms)).toMatchObject({ code: 0, status: "0" });
});

test("every other call reaches the provider, which is started once, and its answer reaches Terraform", async () => {
  const terraforms = await start(await fresh());
  const { session } = terraforms;
  const content = Buffer.alloc(300_000, "text");
  const [echoed, refused] = await Promise.all([
    call(session, "/test/Echo", content),
    call(session, "/test/Refuse"),
  ]);
  expect(echoed.answer.equals(content)).toBe(true);
  expect(echoed).toMatchObject({ status: "0", own: "yes" });
  expect(refused).toMatchObject({ status: "3", message: "refused" });
  expect((await call(session, "/plugin.GRPCStdio/StreamStdio")).status).toBe("12");
  expect(await shutDown(terraforms)).toMatchObject({ code: 0, status: "0", own: undefined });
  expect(noted().sort()).toEqual(["/test/Echo", "/test/Refuse", "starts"]);
});

test("one Terraform has one provider for what it does in turn, and another for what it does meanwhile", async () => {
  const mirror = await fresh();
  const first = await start(mirror);
  await call(first.session, "/test/First");
  expect(await shutDown(first)).toMatchObject({ code: 0 });
  const second = await start(mirror);
  await call(second.session, "/test/Second");
  expect(noted()).toEqual(["starts", "/test/First", "/test/Second"]);
  const beside = await start(mirror);
  await call(beside.session, "/test/Beside");
  expect(noted().slice(3)).toEqual(["starts", "/test/Beside"]);
  expect(await shutDown(beside)).toMatchObject({ code: 0 });
  expect(await shutDown(second)).toMatchObject({ code: 0 });
  await eventually("the relay of one's own has ended", () =>
    Promise.resolve(shared().length === 1 || undefined),
  );
  expect(shared()).toEqual([`anywhere-provider-${process.pid}`]);
});

test("many in turn are each served to their end", async () => {
  const mirror = await fresh();
  for (let turn = 0; turn < 25; turn += 1) {
    const one = await start(mirror);
    expect((await call(one.session, "/test/Echo")).own).toBe("yes");
    expect(await shutDown(one)).toMatchObject({ code: 0 });
  }
  expect(noted().filter((what) => what === "starts")).toHaveLength(1);
}, 60_000);

test.each(["TF_LOG", "TF_LOG_PROVIDER"])(
  "with %s each provider is one of its own, whose log is shown",
  async (log) => {
    const mirror = await fresh();
    variables[log] = "debug";
    Object.assign(process.env, variables);
    const first = await start(mirror);
    await call(first.session, "/test/Complain");
    expect(await shutDown(first)).toMatchObject({ code: 0 });
    expect(await first.log).toContain("a complaint");
    expect(shared()).toEqual([]);
  },
);

test("a provider that ends ends what Terraform has started, with the reason, and isn't used again", async () => {
  const mirror = await fresh();
  await shutDown(await start(mirror));
  const terraforms = await start(mirror);
  const ended = once(terraforms.child, "exit");
  await call(terraforms.session, "/test/Complain");
  await call(terraforms.session, "/test/Die").catch(() => undefined);
  expect(await ended).toEqual([1, null]);
  expect(await terraforms.log).toContain("a complaint");
  const next = await start(mirror);
  expect((await call(next.session, "/test/Echo")).own).toBe("yes");
});

test("a relay that can't run is told at once", async () => {
  const mirror = await fresh();
  writeFileSync(join(mirror, "relay.js"), 'throw new Error("broken");');
  const child = spawn(join(mirror, place, name), {
    env: { ...process.env, TMPDIR: directory },
    stdio: "pipe",
  });
  const [log] = await Promise.all([text(child.stderr), once(child, "exit")]);
  expect(child.exitCode).toBe(1);
  expect(log).toContain("Error: broken");
  expect(shared()).toEqual([]);
});

test("a provider that ends while nobody needs it isn't used again", async () => {
  const mirror = await fresh();
  const first = await start(mirror);
  await call(first.session, "/test/Echo");
  await shutDown(first);
  const [provider = ""] = /^\d+/.exec(readFileSync(join(directory, "calls"), "utf8")) ?? [];
  process.kill(Number(provider), "SIGKILL");
  await eventually("the relay has noticed", () =>
    Promise.resolve(!existsSync(join(directory, shared()[0] ?? "", "free")) || undefined),
  );
  const next = await start(mirror);
  expect((await call(next.session, "/test/Echo")).own).toBe("yes");
});

test("the remains of a relay that was killed are no hindrance", async () => {
  const mirror = await fresh();
  const folder = join(directory, `anywhere-provider-${process.pid}`);
  mkdirSync(folder);
  const gone = spawn("true");
  await once(gone, "exit");
  writeFileSync(join(folder, "free"), String(gone.pid));
  const next = await start(mirror);
  expect((await call(next.session, "/test/Echo")).own).toBe("yes");
});

test("neither relay, provider nor front outlives a Terraform that is killed", async () => {
  const { session, child, log } = await start(await fresh(), ["bash", "--norc", "-c", '"$1"; true', "bash"]);
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
  expect(await log).toBe("");
  await eventually("the shared folder is gone", () => Promise.resolve(shared().length === 0 || undefined));
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
