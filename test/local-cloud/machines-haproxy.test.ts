import { Agent, request, type IncomingMessage } from "node:http";
import { expect } from "@jest/globals";
import { setTimeout as pause } from "node:timers/promises";
import type { ContainerOrder } from "../../local-cloud/machines";
import { testOfHaproxy } from "../support/jest/haproxy";
import { container, read, spec, testOnNode, until, useMachines, type ReadyNode } from "./machines-stage";

const start = useMachines();

/** Ends as soon as it is told to, whatever it is doing, and knows no health path. */
const abrupt = `
  const { createServer } = require("node:http");
  process.on("SIGTERM", () => process.exit(0));
  createServer((request, response) => {
    let bytes = 0;
    request.on("data", (chunk) => (bytes += chunk.length));
    request.on("end", () => {
      if (request.url === "/large") {
        const chunk = Buffer.alloc(2 ** 20, "x");
        let left = 100;
        const send = () => { while (left-- > 0) if (!response.write(chunk)) return response.once("drain", send); response.end(); };
        return send();
      }
      setTimeout(() => response.end([request.headers["x-forwarded-for"], bytes].join(" ")), 20);
    });
  }).on("upgrade", (_, socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n");
    socket.pipe(socket);
  }).listen(3000);`;

const configuration = `
global
  grace 2s
  hard-stop-after 4s
defaults
  mode http
  option forwardfor
  timeout connect 2s
  timeout client 30s
  timeout server 30s
frontend web
  bind :8080
  monitor-uri /healthz
  monitor fail if { stopping } || { nbsrv(app) lt 1 }
  default_backend app
backend app
  server app app:3000 check inter 100ms
`;

const haproxy = "public.ecr.aws/docker/library/haproxy:3.2";
const server = "registry.example/abrupt:v1";

function proxyOf(image: string): ContainerOrder {
  return container({
    name: "proxy",
    image,
    links: ["app"],
    entryPoint: ["sh", "-c"],
    command: ['printf %s "$CONFIGURATION" >/tmp/haproxy.cfg && exec haproxy -db -f /tmp/haproxy.cfg'],
    environment: { CONFIGURATION: configuration },
    stopTimeout: 10,
    // A first process that has no handler of its own never hears SIGTERM.
    initProcess: true,
  });
}

/** A machine that runs the server behind a proxy of an image, or without one. */
async function serve(node: ReadyNode, image: string | undefined): Promise<void> {
  node.addImage(server, {
    Dockerfile: 'FROM node:20\nCOPY server.js /srv/\nCMD ["node", "/srv/server.js"]\n',
    "server.js": abrupt,
  });
  // HAProxy as it is, but told to end by the signal that makes it end at once.
  node.addImage("registry.example/haproxy:term", {
    Dockerfile: "FROM haproxy\nSTOPSIGNAL SIGTERM\nUSER haproxy\n",
  });
  node.run(
    image === undefined
      ? [container({ image: server, ports: [{ containerPort: 3000, hostPort: 80 }] })]
      : [container({ image: server, ports: [] }), proxyOf(image)],
  );
  await until(async () => (await read(node.machines, spec.name, 80)).endsWith(" 0"));
}

/**
 * Sends a hundred requests a second until the health path has answered 503, and stops the task once some have been
 * answered; returns how many came after that, and how many failed.
 */
async function stopUnderLoad(node: ReadyNode) {
  const agent = new Agent({ keepAlive: true, maxSockets: 24 });
  Object.assign(agent, { createConnection: () => node.machines.connect(spec.name, 80) });
  const ask = (path: string): Promise<number> =>
    new Promise((resolve) => {
      request({ agent, path, host: "machine" }, (answer) => {
        answer.resume().once("close", () => {
          resolve(answer.complete ? (answer.statusCode ?? 0) : 0);
        });
      })
        .on("error", () => {
          resolve(0);
        })
        .end();
    });
  const answers: Promise<number>[] = [];
  let leave = false;
  const timer = setInterval(() => answers.push(ask("/")), 10);
  await until(() => answers.length > 40);
  await Promise.all(answers);
  const before = answers.length;
  node.stop();
  const end = Date.now() + 5000;
  while (!leave && Date.now() < end) {
    leave = (await ask("/healthz")) === 503;
    await pause(50);
  }
  clearInterval(timer);
  await node.reaches("STOPPED");
  const statuses = await Promise.all(answers);
  agent.destroy();
  return { afterStop: statuses.length - before, failed: statuses.filter((status) => status !== 200).length };
}

const testOnHaproxyNode = (name: string, prove: (node: ReadyNode) => Promise<void>): void => {
  testOnNode(name, start, prove, testOfHaproxy);
};

testOnHaproxyNode(
  "behind HAProxy's grace period, a server that ends at once is stopped without a failed request",
  async (node) => {
    await serve(node, haproxy);
    const { afterStop, failed } = await stopUnderLoad(node);
    expect(failed).toBe(0);
    expect(afterStop).toBeGreaterThan(0);
  },
);

for (const [what, image] of [
  ["nothing", undefined],
  ["an image that HAProxy ends at once in", "registry.example/haproxy:term"],
] as const) {
  testOnHaproxyNode(`behind ${what}, requests to the same server fail while it is stopped`, async (node) => {
    await serve(node, image);
    expect((await stopUnderLoad(node)).failed).toBeGreaterThan(0);
  });
}

testOnHaproxyNode(
  "uploads, downloads and upgraded connections go through HAProxy and its link, with the client's address",
  async (node) => {
    const { machines } = node;
    await serve(node, haproxy);
    const call = (path: string, headers: object, body: Buffer | undefined): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        const outgoing = request(
          {
            createConnection: () => machines.connect(spec.name, 80),
            method: body === undefined ? "GET" : "PUT",
            path,
            host: "machine",
            headers: { ...headers },
          },
          resolve,
        );
        outgoing.on("error", reject).on("upgrade", (answer) => {
          resolve(answer);
        });
        outgoing.end(body);
      });
    const textOf = async (answer: IncomingMessage): Promise<string> =>
      Buffer.concat(await answer.toArray()).toString();
    expect(await textOf(await call("/", {}, Buffer.alloc(100 * 2 ** 20)))).toMatch(
      /^172\.17\.0\.1 104857600$/,
    );
    expect(await textOf(await call("/large", {}, undefined))).toHaveLength(100 * 2 ** 20);
    const upgraded = await call("/", { connection: "Upgrade", upgrade: "echo" }, undefined);
    expect(upgraded.statusCode).toBe(101);
    upgraded.socket.write("ping");
    const [echo] = (await new Promise<Buffer[]>((resolve) => {
      upgraded.socket.once("data", (chunk: Buffer) => {
        resolve([chunk]);
      });
    })) as [Buffer];
    expect(echo.toString()).toBe("ping");
    upgraded.socket.destroy();
  },
);
