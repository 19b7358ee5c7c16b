import { createServer, type RequestListener } from "node:http";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { afterEach, expect, test } from "@jest/globals";
import { closeServer, serveOnLoopback, type LoopbackServer } from "../../local-cloud/http-server";
import { startLoad } from "../../local-cloud/load/load";
import { processTree } from "../support/programs/process-tree";

let server: LoopbackServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** Answers the tenth request in its own way, and the others well. */
async function serve(
  tenth: RequestListener,
): Promise<{ readonly url: string; readonly connections: Set<unknown> }> {
  let requests = 0;
  const connections = new Set<unknown>();
  server = await serveOnLoopback((request, response) => {
    connections.add(request.socket);
    requests += 1;
    if (requests === 10) {
      tenth(request, response);
    } else {
      response.end("well");
    }
  });
  return { url: server.url, connections };
}

async function loadFor(seconds: number, url: string, timeout = 10) {
  const load = await startLoad({ url, timeout });
  await pause(seconds * 1000);
  return load.stop();
}

const well: RequestListener = (_, response) => {
  response.end("well");
};

test("a server that always answers is loaded steadily over kept-alive connections, and nothing fails", async () => {
  const { url, connections } = await serve(well);
  const result = await loadFor(3, url);
  expect(result).toMatchObject({ non2xx: 0, resets: 0, timeouts: 0, errors: 0, failed: 0, failures: [] });
  expect(result.succeeded).toBe(result.requests);
  expect(connections.size).toBeLessThanOrEqual(16);
  expect(result.seconds).toBeGreaterThanOrEqual(3);
  expect(result.rate).toBeCloseTo(result.requests / result.seconds);
  // Steady, not in bursts: never above the rate that was asked for, but for what was late.
  expect(result.rate).toBeLessThan(65);
  expect(result.lowestRate).toBeGreaterThan(0);
  expect(result.longestGapSeconds).toBeLessThan(2);
}, 30_000);

test.each<[string, string, RequestListener]>([
  ["a status other than 2xx", "non2xx", (_, response) => response.writeHead(500).end()],
  ["a connection that is reset", "resets", ({ socket }) => socket.resetAndDestroy()],
  ["a connection that ends without an answer", "resets", ({ socket }) => socket.end()],
  [
    "an answer that breaks off",
    "resets",
    ({ socket }, response) => {
      response.writeHead(200, { "content-length": 1000 }).write("half", () => socket.end());
    },
  ],
  ["an answer that isn't HTTP", "errors", ({ socket }) => socket.end("what?\r\n\r\n")],
  ["an answer that takes too long", "timeouts", () => undefined],
])(
  "a request that meets %s is counted as failed once",
  async (_, kind, tenth) => {
    const { url } = await serve(tenth);
    const result = await loadFor(1, url, 1);
    expect(result).toMatchObject({ non2xx: 0, resets: 0, timeouts: 0, errors: 0, [kind]: 1, failed: 1 });
    expect(result.succeeded).toBe(result.requests - 1);
    expect(result.failures).toHaveLength(1);
  },
  30_000,
);

test("a failed request is reported with what the server has answered", async () => {
  const page = `<html>\n<h1>No</h1> room ${"!".repeat(1000)}</html>`;
  const { url } = await serve((_, response) => response.writeHead(503).end(page));
  const { failures } = await loadFor(1, url);
  expect(failures).toEqual([expect.stringMatching(/^after \d\.\d s: status 503: No room !{192}$/)]);
}, 30_000);

test("answers that came while the load's process stood still are no failures", async () => {
  server = await serveOnLoopback((_, response) => {
    setTimeout(() => response.end("well"), 200);
  });
  const load = await startLoad({ url: server.url, timeout: 1 });
  const [generator] = processTree(process.pid).filter(({ pid, session }) => pid === session);
  await pause(500);
  process.kill(generator?.pid ?? 0, "SIGSTOP");
  await pause(1500);
  process.kill(generator?.pid ?? 0, "SIGCONT");
  await pause(300);
  const result = await load.stop();
  expect(result).toMatchObject({ failed: 0, failures: [] });
  expect(result.longestGapSeconds).toBeGreaterThan(1);
}, 30_000);

test("a server that has a turn every 0.3 seconds, and accepts one connection in each, fails no request", async () => {
  const slow = new Worker(
    `const { parentPort } = require("node:worker_threads");
    const server = require("node:http").createServer((_, response) => response.end("well"));
    server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
    const turn = () => {
      for (const until = performance.now() + 300; performance.now() < until; );
      setImmediate(turn);
    };
    turn();`,
    { eval: true },
  );
  try {
    const [port] = (await once(slow, "message")) as [number];
    const result = await loadFor(12, `http://127.0.0.1:${port}`);
    expect(result).toMatchObject({ failed: 0, failures: [] });
    expect(result.requests).toBeGreaterThan(100);
  } finally {
    await slow.terminate();
  }
}, 60_000);

test("a connection that is idle for half a minute is closed before a load balancer closes it", async () => {
  const sockets = new Set<Socket>();
  let requests = 0;
  server = await serveOnLoopback(({ socket }, response) => {
    sockets.add(socket);
    requests += 1;
    setTimeout(() => response.end("well"), requests <= 30 ? 500 : 0);
  });
  const load = await startLoad({ url: server.url, rate: 30 });
  await pause(5000);
  const open = () => [...sockets].filter(({ destroyed }) => !destroyed).length;
  const opened = open();
  await pause(30_000);
  const kept = open();
  expect(await load.stop()).toMatchObject({ failed: 0, failures: [] });
  expect(opened).toBeGreaterThan(5);
  expect(kept).toBeLessThan(opened / 2);
}, 60_000);

test("a server that isn't there fails each request, at the same rate", async () => {
  const closed = createServer();
  await once(closed.listen(0, "127.0.0.1"), "listening");
  const { port } = closed.address() as AddressInfo;
  await closeServer(closed);
  const result = await loadFor(2, `http://127.0.0.1:${port}`);
  expect(result).toMatchObject({ succeeded: 0, failed: result.requests, errors: result.requests });
  expect(result.requests).toBeGreaterThan(0);
  expect(result.rate).toBeLessThan(65);
  expect(result.longestGapSeconds).toBe(result.seconds);
}, 30_000);

test("a load ends by itself after its time limit, and keeps its result", async () => {
  const { url } = await serve(well);
  const load = await startLoad({ url, limit: 1 });
  await pause(2500);
  expect(await load.stop()).toMatchObject({ failed: 0 });
}, 30_000);
