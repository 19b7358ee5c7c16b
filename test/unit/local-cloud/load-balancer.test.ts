import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Agent, request as sendRequest, type RequestListener } from "node:http";
import { serveDigitalOcean, type DigitalOcean } from "../../../local-cloud/digitalocean/api";
import type { LoadBalancer } from "../../../local-cloud/digitalocean/state";
import { createWorld, type World } from "../../../local-cloud/world";
import { fakeMachines, until, type FakeMachines } from "./fake-machines";

let world: World;
let machines: FakeMachines;
let cloud: DigitalOcean;
let serve: RequestListener;

beforeEach(async () => {
  world = createWorld("123456789012");
  serve = (_request, response) => response.end("ok");
  machines = fakeMachines((name) => (request, response) => {
    response.setHeader("x-machine", name);
    if (request.url === "/healthz") {
      response.end();
    } else {
      serve(request, response);
    }
  });
  cloud = await serveDigitalOcean(world, machines, { processingMilliseconds: 0 });
  await api("POST", "/v2/tags", { name: "web" });
});

afterEach(async () => {
  await cloud.close();
  await machines.close();
});

async function api(method: string, path: string, body?: object): Promise<string> {
  const response = await fetch(cloud.endpoint + path, {
    method,
    headers: { authorization: "Bearer secret" },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) {
    throw new Error(text);
  }
  const id = /"id":"?([\w-]+)/.exec(text)?.[1];
  return id ?? "";
}

const check = {
  protocol: "http",
  port: 8000,
  path: "/healthz",
  check_interval_seconds: 3,
  response_timeout_seconds: 3,
  healthy_threshold: 2,
  unhealthy_threshold: 2,
};

const settings = {
  name: "lb",
  region: "ams3",
  tag: "web",
  forwarding_rules: [
    { entry_protocol: "http", entry_port: 8081, target_protocol: "http", target_port: 8000 },
  ],
  health_check: check,
};

async function createLoadBalancer(more: object = {}): Promise<{ id: string; url: string }> {
  const id = await api("POST", "/v2/load_balancers", { ...settings, ...more });
  const loadBalancer = world.digitalocean.loadBalancers.get(id);
  if (loadBalancer === undefined) {
    throw new Error("no load balancer");
  }
  quicken(loadBalancer);
  return { id, url: `http://${loadBalancer.ip}:8081` };
}

/** The API allows no interval below 3 s. */
function quicken(loadBalancer: LoadBalancer): void {
  const { settings: slow } = loadBalancer;
  const health_check = { ...slow.health_check, check_interval_seconds: 0.1, response_timeout_seconds: 1 };
  loadBalancer.settings = { ...slow, health_check };
}

async function createDroplet(): Promise<number> {
  const droplet = {
    name: "n",
    region: "ams3",
    size: "s-1vcpu-1gb",
    image: "ubuntu-24-04-x64",
    tags: ["web"],
  };
  const id = Number(await api("POST", "/v2/droplets", droplet));
  await until(() => world.digitalocean.droplets.get(id)?.status === "active");
  return id;
}

function healthEvents(): (string | number)[][] {
  return world.journal
    .filter(({ name }) => name.startsWith("backend-"))
    .map(({ name, detail }) => [name, detail.droplet_id as number]);
}

async function healthy(count: number): Promise<void> {
  await until(() => healthEvents().filter(([name]) => name === "backend-healthy").length === count);
}

test("requests go round the healthy droplets; without one the answer is 503", async () => {
  const { url } = await createLoadBalancer();
  expect((await fetch(url)).status).toBe(503);
  const ids = [await createDroplet(), await createDroplet()];
  expect((await fetch(url)).status).toBe(503);
  await healthy(2);
  const answers = [await fetch(url), await fetch(url), await fetch(url), await fetch(url)];
  const seen = answers.map(({ headers }) => headers.get("x-machine"));
  expect(new Set(seen.slice(0, 2))).toEqual(new Set(ids.map((id) => `droplet-${id}`)));
  expect(seen.slice(2)).toEqual(seen.slice(0, 2));
});

test("a droplet that stops answering its check leaves after the unhealthy threshold and comes back", async () => {
  const { url } = await createLoadBalancer();
  const id = await createDroplet();
  await healthy(1);
  await machines.powerOff(`droplet-${id}`);
  // Not marked yet: the request is tried once, on the droplet that is gone.
  const before = machines.connections.get(`droplet-${id}`) ?? 0;
  expect((await fetch(url)).status).toBe(503);
  expect(machines.connections.get(`droplet-${id}`)).toBe(before + 1);
  await until(() => healthEvents().length === 2);
  expect(healthEvents().at(-1)).toEqual(["backend-unhealthy", id]);
  const after = machines.connections.get(`droplet-${id}`);
  expect((await fetch(url)).status).toBe(503);
  expect(machines.connections.get(`droplet-${id}`)).toBe(after);
  await machines.powerOn(`droplet-${id}`);
  await healthy(2);
  expect((await fetch(url)).status).toBe(200);
});

test("a droplet whose firewall doesn't let the load balancer in is never healthy", async () => {
  const { id, url } = await createLoadBalancer();
  const rule = (sources: object): object => ({ protocol: "tcp", ports: "8000", sources });
  const firewall = (sources: object): object => ({
    name: "fw",
    tags: ["web"],
    inbound_rules: [rule(sources)],
  });
  const created = await api("POST", "/v2/firewalls", firewall({ addresses: ["10.0.0.0/8"] }));
  const droplet = await createDroplet();
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(machines.connections.get(`droplet-${droplet}`)).toBeUndefined();
  await api("PUT", `/v2/firewalls/${created}`, firewall({ load_balancer_uids: [id] }));
  await healthy(1);
  expect((await fetch(url)).status).toBe(200);
});

test("a message passes unchanged in both directions, but for the forwarding headers", async () => {
  serve = (request, response) => {
    const {
      "x-forwarded-for": client,
      "x-forwarded-proto": proto,
      "x-forwarded-port": port,
      host,
    } = request.headers;
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      response.setHeader("set-cookie", ["a=1", "b=2"]);
      response.writeHead(201, "Made");
      response.end(
        JSON.stringify([
          request.method,
          request.url,
          host,
          client,
          proto,
          port,
          Buffer.concat(chunks).length,
        ]),
      );
    });
  };
  const { url } = await createLoadBalancer();
  await createDroplet();
  await healthy(1);
  const answer = await fetch(`${url}/path?q=1`, {
    method: "POST",
    body: "x".repeat(300_000),
    headers: { "x-forwarded-for": "198.51.100.7" },
  });
  expect([answer.status, answer.statusText, answer.headers.getSetCookie()]).toEqual([
    201,
    "Made",
    ["a=1", "b=2"],
  ]);
  expect(await answer.json()).toEqual([
    "POST",
    "/path?q=1",
    url.replace("http://", ""),
    expect.stringMatching(/^198\.51\.100\.7, 127\.\d+\.\d+\.\d+$/),
    "http",
    "8081",
    300_000,
  ]);
});

test("answers stream, clients keep their connection, and a backend that leaves finishes what it has begun", async () => {
  let finish = (): void => undefined;
  serve = (request, response) => {
    if (request.url === "/slow") {
      response.write("begun");
      finish = () => response.end(" and done");
    } else {
      response.end("ok");
    }
  };
  const { url } = await createLoadBalancer();
  const id = await createDroplet();
  await healthy(1);
  const slow = await fetch(`${url}/slow`);
  const reader = slow.body?.getReader();
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe("begun");
  const droplet = world.digitalocean.droplets.get(id);
  await api("DELETE", `/v2/tags/web/resources`, {
    resources: [{ resource_id: String(id), resource_type: "droplet" }],
  });
  expect(droplet?.tags).toEqual([]);
  expect((await fetch(url)).status).toBe(503);
  finish();
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe(" and done");

  await api("POST", `/v2/tags/web/resources`, {
    resources: [{ resource_id: String(id), resource_type: "droplet" }],
  });
  await until(async () => (await fetch(url)).status === 200);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ports: (number | undefined)[] = [];
  for (let count = 0; count < 3; count += 1) {
    await new Promise<void>((resolve, reject) => {
      sendRequest(url, { agent }, (response) => {
        ports.push(response.socket.localPort);
        response.resume().on("end", resolve);
      })
        .on("error", reject)
        .end();
    });
  }
  agent.destroy();
  expect(new Set(ports).size).toBe(1);
});

test("a backend that hangs up is 502, one that breaks off breaks off for the client", async () => {
  serve = (request, response) => {
    if (request.url === "/half") {
      response.writeHead(200, { "content-length": "100" });
      response.write("half", () => request.socket.destroy());
    } else {
      request.socket.destroy();
    }
  };
  const { url } = await createLoadBalancer();
  await createDroplet();
  await healthy(1);
  expect((await fetch(url)).status).toBe(502);
  await expect(fetch(`${url}/half`).then((answer) => answer.text())).rejects.toThrow();
});

test("the load balancer's own firewall turns clients away", async () => {
  const { id, url } = await createLoadBalancer({ firewall: { deny: ["cidr:127.0.0.0/8"] } });
  await expect(fetch(url)).rejects.toThrow();
  await api("PUT", `/v2/load_balancers/${id}`, {
    ...settings,
    firewall: { allow: ["ip:127.0.0.1", "cidr:0.0.0.0/0"] },
  });
  expect((await fetch(url)).status).toBe(503);
});

test("an update opens and closes entry ports; a redirect sends clients to https", async () => {
  const { id, url } = await createLoadBalancer();
  const [rule] = settings.forwarding_rules;
  await api("PUT", `/v2/load_balancers/${id}`, {
    ...settings,
    redirect_http_to_https: true,
    forwarding_rules: [{ ...rule, entry_port: 8082 }],
  });
  await expect(fetch(url)).rejects.toThrow();
  const answer = await fetch(url.replace("8081", "8082/x?y=1"), { redirect: "manual" });
  expect([answer.status, answer.headers.get("location")]).toEqual([
    307,
    `https://${new URL(url).hostname}/x?y=1`,
  ]);
});

test("two load balancers listen on the same port at addresses of their own", async () => {
  const first = await createLoadBalancer();
  const second = await createLoadBalancer();
  expect(first.url).not.toBe(second.url);
  await api("DELETE", `/v2/load_balancers/${first.id}`);
  await expect(fetch(first.url)).rejects.toThrow();
  expect((await fetch(second.url)).status).toBe(503);
});
