"use strict";

const { createServer } = require("node:http");
const { setTimeout: pause } = require("node:timers/promises");
const { page } = require("./page");

const port = Number(process.env.PORT ?? 8080);
const host = process.env.HOST;
const healthPath = process.env.HEALTH_PATH ?? "/healthz";
const lameDuckSeconds = Number(process.env.LAME_DUCK_SECONDS ?? 12);
const apiUrl = process.env.API_URL;
const readyAfterSeconds = Number(process.env.READY_AFTER_SECONDS ?? 12);
const unknown = { site: "unknown", node: "unknown", task: "unknown", version: "unknown" };

let stopping = false;
let listeningSince = Infinity;

/**
 * Where this container runs, from the task metadata endpoint; "unknown" where there is none.
 * Source: Amazon ECS Developer Guide, "Task metadata endpoint version 4", ${…}/taskWithTags.
 */
async function readPlace() {
  const endpoint = process.env.ECS_CONTAINER_METADATA_URI_V4;
  if (endpoint === undefined) {
    return unknown;
  }
  const response = await fetch(`${endpoint}/taskWithTags`, { signal: AbortSignal.timeout(5000) });
  const { TaskARN, Revision, ContainerInstanceTags = {} } = await response.json();
  return {
    site: ContainerInstanceTags["anywhere.site"] ?? unknown.site,
    node: ContainerInstanceTags["anywhere.node"] ?? unknown.node,
    task: TaskARN?.split("/").at(-1) ?? unknown.task,
    version: Revision ?? unknown.version,
  };
}

/** Read once; after a failure the next request tries again. */
function placeReader() {
  let reading;
  return () => {
    reading ??= readPlace().catch((error) => {
      console.error(`task metadata: ${error.message}`);
      reading = undefined;
      return unknown;
    });
    return reading;
  };
}

function answer(response, status, body, headers = {}) {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(`${JSON.stringify(body)}\n`);
}

const place = placeReader();

/** Content Security Policy of the page: it may load nothing from elsewhere. */
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; connect-src 'self'";

/** A page for browsers, JSON for programs. */
async function answerWithPlace(request, response) {
  const { version, ...here } = await place();
  const { status, body } = await report(here);
  const headers = { vary: "accept", "app-version": version };
  if (!(request.headers.accept ?? "").includes("text/html")) {
    answer(response, status, body, headers);
    return;
  }
  response.writeHead(status, {
    ...headers,
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": policy,
    "cache-control": "no-store",
  });
  response.end(page({ ...body, version }));
}

/** Where this container runs, and the answer of the internal service that it is configured to call. */
async function report(here) {
  if (apiUrl === undefined) {
    return { status: 200, body: here };
  }
  try {
    const response = await fetch(apiUrl, { signal: AbortSignal.timeout(5000) });
    if (!response.ok) {
      throw new Error(`${apiUrl} answered ${response.status}`);
    }
    return { status: 200, body: { ...here, api: await response.json() } };
  } catch (error) {
    return { status: 502, body: { ...here, error: error.message } };
  }
}

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname === healthPath) {
    // Fails at once on SIGTERM, so that the load balancer takes this task out while it still answers requests.
    answer(response, stopping ? 503 : 200, { status: stopping ? "stopping" : "ok" });
  } else if (pathname === "/ready") {
    // ECS takes the next task out once this passes: by then the load balancer must have taken this one in. It asks every
    // five seconds and waits as long for an answer, so one that is nearly due needn't wait for the next question.
    const due = listeningSince + readyAfterSeconds - process.uptime();
    const ready = due <= 3;
    if (ready && due > 0) {
      await pause(due * 1000);
    }
    answer(response, ready ? 200 : 503, { status: ready ? "ready" : "starting" });
  } else if (pathname === "/") {
    await answerWithPlace(request, response);
  } else {
    answer(response, 404, { error: "not found" });
  }
});

function stop() {
  if (stopping) {
    process.exit(1);
  }
  stopping = true;
  console.log(`stopping in ${lameDuckSeconds} s`);
  setTimeout(() => server.close(), lameDuckSeconds * 1000);
}

process.on("SIGTERM", stop);
process.on("SIGINT", stop);
server.listen(port, host, () => {
  // Not from the process's start: that takes long on a small or busy machine, and only now can checks pass.
  listeningSince = process.uptime();
  console.log(`listening on port ${server.address().port}`);
});
