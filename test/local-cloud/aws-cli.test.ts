import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { placeAwsCli } from "../../local-cloud/aws-cli/place";
import { serveOnLoopback } from "../../local-cloud/http-server";
import { ensurePython } from "../../local-cloud/python/environment";
import { eventually } from "../support/jest/eventually";

let directory: string;
let bin: string;
let close: () => Promise<void>;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "cli-"));
  bin = join(directory, "bin");
  mkdirSync(bin);
  const python = await ensurePython(join(__dirname, "../../.local-cloud"));
  close = await placeAwsCli(python, { bin, runDirectory: directory, log: join(directory, "log") });
}, 600_000);

afterAll(async () => {
  await close();
  rmSync(directory, { recursive: true });
});

/** Milliseconds that a call may take, far more than one does. */
const patience = 20_000;

const start = (args: readonly string[], environment: Readonly<Record<string, string>> = {}): ChildProcess =>
  spawn(join(bin, "aws"), args, {
    cwd: directory,
    timeout: patience,
    env: { PATH: process.env["PATH"], AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b", ...environment },
  });

async function run(args: readonly string[], environment?: Readonly<Record<string, string>>, input = "") {
  const child = start(args, environment);
  let [stdout, stderr] = ["", ""];
  child.stdout?.on("data", (text: Buffer) => (stdout += text.toString()));
  child.stderr?.on("data", (text: Buffer) => (stderr += text.toString()));
  child.stdin?.end(input);
  const [status] = (await once(child, "close")) as [number | null];
  return { status, stdout, stderr };
}

test("the AWS CLI writes to its caller's streams, and ends with its own exit status", async () => {
  expect(await run(["--version"])).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^aws-cli\/1\.\S+ .*botocore\/\S+\n$/),
    stderr: "",
  });
  expect(await run(["ssm", "make-coffee"])).toEqual({
    status: 2,
    stdout: "",
    stderr: expect.stringContaining("Invalid choice"),
  });
});

test("the AWS CLI reads its caller's input, and works in its caller's folder and environment", async () => {
  const environment = { AWS_CONFIG_FILE: "./settings", AWS_SHARED_CREDENTIALS_FILE: "./keys" };
  expect(await run(["configure"], environment, "AKIA1\nsecret\nams-3\ntext\n")).toMatchObject({ status: 0 });
  expect(readFileSync(join(directory, "settings"), "utf8")).toBe(
    "[default]\nregion = ams-3\noutput = text\n",
  );
  expect(await run(["configure", "get", "region"], environment)).toMatchObject({ stdout: "ams-3\n" });
  expect(await run(["configure", "get", "region"])).toMatchObject({ status: 1, stdout: "" });
});

test("a call knows nothing of the calls before it", async () => {
  const signed: string[] = [];
  const server = await serveOnLoopback(({ headers }, response) => {
    signed.push(/Credential=([^,]*)/.exec(headers.authorization ?? "")?.[1] ?? "");
    response.end('{"clusterArns": ["one"]}');
  });
  const endpoint = { AWS_ENDPOINT_URL: server.url };
  const listClusters = ["ecs", "list-clusters"];
  const other = { AWS_ACCESS_KEY_ID: "other", AWS_SECRET_ACCESS_KEY: "c" };
  const calls = [
    await run([...listClusters, "--region", "eu-west-1", "--output", "text"], endpoint),
    await run(listClusters, { ...endpoint, ...other, AWS_DEFAULT_REGION: "us-east-2" }),
    await run([...listClusters, "--debug"], endpoint),
    await run(listClusters, endpoint),
  ];
  await server.close();
  expect(signed.map((one) => one.replace(/\d{8}/, "day"))).toEqual([
    "a/day/eu-west-1/ecs/aws4_request",
    "other/day/us-east-2/ecs/aws4_request",
  ]);
  expect(calls).toMatchObject([
    { status: 0, stdout: "CLUSTERARNS\tone\n", stderr: "" },
    { status: 0, stdout: expect.stringContaining('"clusterArns"'), stderr: "" },
    { status: 255, stderr: expect.stringContaining("DEBUG") },
    { status: 255, stdout: "", stderr: expect.stringMatching(/^\s*You must specify a region.*\s*$/) },
  ]);
});

test("a call has no handlers of the calls before it", async () => {
  const server = await serveOnLoopback((_request, response) => response.end("{}"));
  const environment = { AWS_ENDPOINT_URL: server.url, AWS_DEFAULT_REGION: "eu-west-1" };
  const call = (...more: string[]) => run(["ecs", "list-clusters", ...more], environment);
  const handlers = async () => {
    const { stderr } = await call("--debug");
    return (stderr.match(/Event .*: calling handler .*/g) ?? []).map((line) => line.replace(/0x\w+/g, "0x"));
  };
  const first = await handlers();
  expect(first.length).toBeGreaterThan(20);
  for (let before = 0; before < 5; before += 1) {
    expect(await call()).toMatchObject({ status: 0 });
  }
  const later = await handlers();
  await server.close();
  expect(later).toEqual(first);
});

test("a call whose reader has gone leaves nothing to the next one", async () => {
  const child = start(["--version"]);
  child.stdout?.destroy();
  await once(child, "close");
  expect(await run(["configure", "get", "region"])).toEqual({ status: 1, stdout: "", stderr: "" });
});

test("calls are made side by side, as many as there are", async () => {
  const count = 20;
  const waiting: ServerResponse[] = [];
  const server = await serveOnLoopback((_request, response) => {
    waiting.push(response);
    if (waiting.length === count) {
      waiting.forEach((one) => one.end("{}"));
    }
  });
  const environment = { AWS_ENDPOINT_URL: server.url, AWS_DEFAULT_REGION: "eu-west-1" };
  const calls = await Promise.all(
    Array.from({ length: count }, () => run(["ecs", "list-clusters"], environment)),
  );
  await server.close();
  expect(calls.map(({ status }) => status)).toEqual(Array(count).fill(0));
});

const childrenOf = (pid: string) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .split(" ")
    .filter((child) => child !== "");

/** The processes that make calls. */
const workers = () => childrenOf(String(process.pid)).flatMap(childrenOf);

test("a process ends after fifty calls, whose garbage it keeps, and another one makes the next", async () => {
  expect(await run(["--version"])).toMatchObject({ status: 0 });
  const before = workers();
  for (let call = 1; call < 50; call += 1) {
    expect(await run(["--version"])).toMatchObject({ status: 0 });
  }
  await eventually("the end of one", () =>
    Promise.resolve(before.every((pid) => workers().includes(pid)) ? undefined : true),
  );
  expect(await run(["--version"])).toMatchObject({ status: 0 });
});

test("a process that makes calls and was killed is replaced", async () => {
  expect(await run(["--version"])).toMatchObject({ status: 0 });
  expect(workers()).not.toEqual([]);
  workers().forEach((pid) => process.kill(Number(pid), "SIGKILL"));
  await eventually("their end", () => Promise.resolve(workers().length === 0 || undefined));
  expect(await run(["--version"])).toMatchObject({ status: 0 });
});

test("a call ends with its caller", async () => {
  let asked: (request: IncomingMessage) => void;
  const request = new Promise<IncomingMessage>((resolve) => (asked = resolve));
  const server = await serveOnLoopback((incoming) => {
    asked(incoming);
  });
  const child = start(["ecs", "list-clusters"], {
    AWS_ENDPOINT_URL: server.url,
    AWS_DEFAULT_REGION: "eu-west-1",
  });
  const { socket } = await request;
  // A reset is an end, too: `once` would be rejected by it.
  const gone = new Promise((resolve) => socket.once("close", resolve));
  child.kill("SIGKILL");
  await gone;
  await server.close();
});

test("calls to SQS go to the endpoint that the environment names", async () => {
  const server = await serveOnLoopback((_request, response) => response.end('{"QueueUrls": ["one"]}'));
  const environment = { AWS_ENDPOINT_URL: server.url, AWS_DEFAULT_REGION: "eu-west-1" };
  const query = ["--query", "QueueUrls[0]", "--output", "text"];
  expect(await run(["sqs", "list-queues", ...query], environment)).toMatchObject({
    status: 0,
    stdout: "one\n",
  });
  await server.close();
});

test("calls after the local cloud has ended fail and say so", async () => {
  await close();
  expect(await run(["--version"])).toEqual({
    status: 255,
    stdout: "",
    stderr: "aws: the local cloud has ended\n",
  });
});
