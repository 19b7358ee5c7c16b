import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSocketServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { eventually } from "../support/jest/eventually";
import { testOfHaproxy } from "../support/jest/haproxy";
import { containersAt, variableOf, type ContainerJson } from "../support/synthesis/containers";
import { oneSite } from "../support/synthesis/environments";
import { stackOf, synth } from "../support/synthesis/synth";

const image = oneSite.services.web.image;

/** The proxy of a service, as its task definition has it; with a load balancer unless said. */
function proxyOf(loadBalancer: object | false = {}): ContainerJson {
  const http = { port: 80, health: { path: "/up" }, loadBalancer };
  const services = { web: { image, stopSeconds: 2, http } };
  const proxy = containersAt(stackOf(synth({ ...oneSite, services }), "service-web"), "ams3")[1];
  if (proxy === undefined) {
    throw new Error("there is no proxy");
  }
  return proxy;
}

let folder: string;
let app: Server;
let haproxy: ChildProcess | undefined;
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "proxy-"));
  answer = (_, response) => response.end();
  app = createServer((request, response) => {
    answer(request, response);
  });
  app.listen(0, "127.0.0.1");
  await once(app, "listening");
});

afterEach(() => {
  haproxy?.kill("SIGKILL");
  haproxy = undefined;
  app.closeAllConnections();
  app.close();
  rmSync(folder, { recursive: true });
});

const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port;

async function freePort(): Promise<number> {
  const server = createSocketServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = portOf(server);
  server.close();
  await once(server, "close");
  return port;
}

/** Starts HAProxy as a proxy's configuration says, in front of `app`, with a grace of a second. */
async function startProxy(proxy: ContainerJson) {
  const port = await freePort();
  const file = join(folder, "haproxy.cfg");
  const configuration = (variableOf(proxy, "CONFIGURATION") ?? "")
    .replace("bind :8080", `bind 127.0.0.1:${port}`)
    .replaceAll(/server app app:\d+/g, `server app 127.0.0.1:${portOf(app)}`)
    .replace(/grace \d+s/, "grace 1s");
  writeFileSync(file, configuration);
  const child = spawn("/usr/sbin/haproxy", ["-db", "-f", file], { stdio: "ignore" });
  haproxy = child;
  const ask = (path: string, headers: Readonly<Record<string, string>> = {}) =>
    new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
      get({ host: "127.0.0.1", port, path, headers, agent: false }, (response) => {
        response
          .toArray()
          .then((chunks) => {
            resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks as Buffer[]).toString() });
          })
          .catch(reject);
      }).on("error", reject);
    });
  const health = async () => (await ask("/.anywhere/health").catch(() => ({ status: 0 }))).status;
  return { child, ask, health, port };
}

testOfHaproxy(
  "an app that answers its health path more slowly than it is asked stays in service",
  async () => {
    answer = (_, response) => setTimeout(() => response.end(), 1500);
    const { health } = await startProxy(proxyOf());
    await eventually("the first answer", async () => ((await health()) === 200 ? true : undefined));
    const seen: number[] = [];
    for (let look = 0; look < 40; look += 1) {
      seen.push(await health());
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(new Set(seen)).toEqual(new Set([200]));
  },
);

testOfHaproxy(
  "an app that fails its health path is reported at once, and serves until it is taken out",
  async () => {
    let well = true;
    answer = ({ url, headers, httpVersion }, response) => {
      response.statusCode = url === "/up" && !well ? 500 : 200;
      response.end(`${httpVersion} ${headers.host}`);
    };
    const { ask, health } = await startProxy(proxyOf());
    await eventually("the first answer", async () => ((await health()) === 200 ? true : undefined));
    well = false;
    await eventually("the failure", async () => ((await health()) === 503 ? true : undefined));
    expect(await ask("/")).toMatchObject({ status: 200 });
    well = true;
    await eventually("the recovery", async () => ((await health()) === 200 ? true : undefined));
  },
);

testOfHaproxy("an app's health path is requested by HTTP/1.1, for the host localhost", async () => {
  const asked: string[] = [];
  answer = ({ url, headers, httpVersion }, response) => {
    asked.push(`${url} ${httpVersion} ${headers.host}`);
    response.end();
  };
  await startProxy(proxyOf());
  // HAProxy takes a server for up before its first question.
  await eventually("the first question", () => Promise.resolve(asked.length > 0 ? true : undefined));
  expect(new Set(asked)).toEqual(new Set(["/up 1.1 localhost"]));
});

testOfHaproxy("a client address in X-Forwarded-For is trusted only from load balancers", async () => {
  answer = ({ headers }, response) => response.end(headers["x-forwarded-for"]);
  const forged = { "x-forwarded-for": "6.6.6.6" };
  for (const [loadBalancer, address] of [
    [{}, "6.6.6.6"],
    [false, "127.0.0.1"],
  ] as const) {
    const { ask, health } = await startProxy(proxyOf(loadBalancer));
    await eventually("the first answer", async () => ((await health()) === 200 ? true : undefined));
    expect(await ask("/", forged)).toEqual({ status: 200, text: address });
    expect(await ask("/")).toEqual({ status: 200, text: "127.0.0.1" });
    haproxy?.kill("SIGKILL");
  }
});

testOfHaproxy("a request that never ends holds up the proxy no longer than ECS waits for it", async () => {
  answer = ({ url }, response) => (url === "/endless" ? response.write("x") : response.end());
  const proxy = proxyOf();
  const { child, health, port } = await startProxy(proxy);
  await eventually("the first answer", async () => ((await health()) === 200 ? true : undefined));
  const endless = get({ host: "127.0.0.1", port, path: "/endless", agent: false });
  endless.on("error", () => undefined);
  const [response] = (await once(endless, "response")) as [IncomingMessage];
  response.on("error", () => undefined).resume();
  const told = Date.now();
  child.kill("SIGUSR1");
  await once(child, "exit");
  // The grace is 1 s here, and 12 s where ECS waits.
  expect((Date.now() - told) / 1000).toBeLessThan((proxy.stopTimeout ?? 0) - 12 + 1);
  endless.destroy();
});

test("a proxy is ready once its path has answered for long enough, and then whenever it answers", async () => {
  let status = 200;
  answer = (_, response) => {
    response.statusCode = status;
    response.end();
  };
  const [, , , script = ""] = proxyOf().healthCheck?.command ?? [];
  expect(script).toContain(" + 12 - ");
  const here = script
    .replace("/dev/tcp/127.0.0.1/8080", `/dev/tcp/127.0.0.1/${portOf(app)}`)
    .replaceAll("/tmp/", `${folder}/`)
    .replace(" + 12 - ", " + 5 - ");
  const check = () =>
    new Promise<boolean>((resolve) => {
      execFile("bash", ["-c", here], (error) => {
        resolve(error === null);
      });
    });
  const pause = () => new Promise((resolve) => setTimeout(resolve, 2100));
  expect(await check()).toBe(false);
  status = 503;
  expect(await check()).toBe(false);
  status = 200;
  await pause();
  // The time before the failure doesn't count.
  expect(await check()).toBe(false);
  await pause();
  // Nearly due, so it waits, and asks again.
  const interrupted = check();
  setTimeout(() => {
    status = 503;
  }, 500);
  expect(await interrupted).toBe(false);
  status = 200;
  expect(await check()).toBe(false);
  const since = Date.now();
  await pause();
  expect(await check()).toBe(true);
  expect((Date.now() - since) / 1000).toBeGreaterThan(3.9);
  status = 503;
  expect(await check()).toBe(false);
  status = 200;
  expect(await check()).toBe(true);
});
