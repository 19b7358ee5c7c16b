import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Agent, request as sendRequest } from "node:http";
import { until } from "./fake-machines";
import { settings, startLoadBalancerStage, type LoadBalancerStage } from "./load-balancer-stage";

let stage: LoadBalancerStage;

beforeEach(async () => {
  stage = await startLoadBalancerStage();
});

afterEach(() => stage.close());

test("requests go round the healthy droplets; without one the answer is 503", async () => {
  const { url } = await stage.createLoadBalancer();
  expect((await fetch(url)).status).toBe(503);
  const ids = [await stage.createDroplet(), await stage.createDroplet()];
  expect((await fetch(url)).status).toBe(503);
  await stage.healthy(2);
  const answers = [await fetch(url), await fetch(url), await fetch(url), await fetch(url)];
  const seen = answers.map(({ headers }) => headers.get("x-machine"));
  expect(new Set(seen.slice(0, 2))).toEqual(new Set(ids.map((id) => `droplet-${id}`)));
  expect(seen.slice(2)).toEqual(seen.slice(0, 2));
});

test("a droplet that fails its checks gets no requests from the unhealthy threshold until it recovers", async () => {
  const { url } = await stage.createLoadBalancer();
  const id = await stage.createDroplet();
  await stage.healthy(1);
  await stage.machines.powerOff(`droplet-${id}`);
  // Not marked yet: the request is tried once, on the droplet that is gone.
  const before = stage.machines.connections.get(`droplet-${id}`) ?? 0;
  expect((await fetch(url)).status).toBe(503);
  expect(stage.machines.connections.get(`droplet-${id}`)).toBe(before + 1);
  await until(() => stage.healthEvents().length === 2);
  expect(stage.healthEvents().at(-1)).toEqual(["backend-unhealthy", id]);
  const after = stage.machines.connections.get(`droplet-${id}`);
  expect((await fetch(url)).status).toBe(503);
  expect(stage.machines.connections.get(`droplet-${id}`)).toBe(after);
  await stage.machines.powerOn(`droplet-${id}`);
  await stage.healthy(2);
  expect((await fetch(url)).status).toBe(200);
});

test("a droplet whose firewall doesn't let the load balancer in is never healthy", async () => {
  const { id, url } = await stage.createLoadBalancer();
  const rule = (sources: object): object => ({ protocol: "tcp", ports: "8000", sources });
  const firewall = (sources: object): object => ({
    name: "fw",
    tags: ["web"],
    inbound_rules: [rule(sources)],
  });
  const created = await stage.api("POST", "/v2/firewalls", firewall({ addresses: ["10.0.0.0/8"] }));
  const droplet = await stage.createDroplet();
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(stage.machines.connections.get(`droplet-${droplet}`)).toBeUndefined();
  await stage.api("PUT", `/v2/firewalls/${created}`, firewall({ load_balancer_uids: [id] }));
  await stage.healthy(1);
  expect((await fetch(url)).status).toBe(200);
});

test("a message passes unchanged in both directions, but for the forwarding headers", async () => {
  stage.serve = (request, response) => {
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
  const { url } = await stage.createLoadBalancer();
  await stage.createDroplet();
  await stage.healthy(1);
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

test("answers are streamed, clients keep their connection, and a removed backend finishes its answers", async () => {
  let finish = (): void => undefined;
  stage.serve = (request, response) => {
    if (request.url === "/slow") {
      response.write("begun");
      finish = () => response.end(" and done");
    } else {
      response.end("ok");
    }
  };
  const { url } = await stage.createLoadBalancer();
  const id = await stage.createDroplet();
  await stage.healthy(1);
  const slow = await fetch(`${url}/slow`);
  const reader = slow.body?.getReader();
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe("begun");
  const droplet = stage.world.digitalocean.droplets.get(id);
  await stage.api("DELETE", `/v2/tags/web/resources`, {
    resources: [{ resource_id: String(id), resource_type: "droplet" }],
  });
  expect(droplet?.tags).toEqual([]);
  expect((await fetch(url)).status).toBe(503);
  finish();
  expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe(" and done");

  await stage.api("POST", `/v2/tags/web/resources`, {
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

test("a backend that hangs up causes a 502, and an answer that breaks off does so for the client", async () => {
  stage.serve = (request, response) => {
    if (request.url === "/half") {
      response.writeHead(200, { "content-length": "100" });
      response.write("half", () => request.socket.destroy());
    } else {
      request.socket.destroy();
    }
  };
  const { url } = await stage.createLoadBalancer();
  await stage.createDroplet();
  await stage.healthy(1);
  expect((await fetch(url)).status).toBe(502);
  await expect(fetch(`${url}/half`).then((answer) => answer.text())).rejects.toThrow();
});

test("the load balancer's own firewall turns clients away", async () => {
  const { id, url } = await stage.createLoadBalancer({ firewall: { deny: ["cidr:127.0.0.0/8"] } });
  await expect(fetch(url)).rejects.toThrow();
  await stage.api("PUT", `/v2/load_balancers/${id}`, {
    ...settings,
    firewall: { allow: ["ip:127.0.0.1", "cidr:0.0.0.0/0"] },
  });
  expect((await fetch(url)).status).toBe(503);
});

test("an update opens and closes entry ports", async () => {
  const { id, url } = await stage.createLoadBalancer();
  const [rule] = settings.forwarding_rules;
  await stage.api("PUT", `/v2/load_balancers/${id}`, {
    ...settings,
    forwarding_rules: [{ ...rule, entry_port: 8082 }],
  });
  await expect(fetch(url)).rejects.toThrow();
  expect((await fetch(url.replace("8081", "8082"))).status).toBe(503);
});

test("two load balancers listen on the same port at addresses of their own", async () => {
  const first = await stage.createLoadBalancer();
  const second = await stage.createLoadBalancer();
  expect(first.url).not.toBe(second.url);
  await stage.api("DELETE", `/v2/load_balancers/${first.id}`);
  await expect(fetch(first.url)).rejects.toThrow();
  expect((await fetch(second.url)).status).toBe(503);
});

test("metrics say which droplets pass their checks, as of the last time that they were taken", async () => {
  stage.world.digitalocean.behaviour.metricsMilliseconds = 0;
  const { id } = await stage.createLoadBalancer();
  await stage.createDroplet({ name: "one" });
  const second = await stage.createDroplet({ name: "two" });
  const path = "/v2/monitoring/metrics/load_balancer/droplets_health_checks";
  const latest = async () => {
    const now = Math.floor(Date.now() / 1000);
    const answer = (await stage.get(`${path}?lb_id=${id}&start=${now - 60}&end=${now}`)) as Metrics;
    return answer.data.result.map(({ metric, values }) => ({ ...metric, value: values.at(-1)?.[1] }));
  };
  const health = (one: string, two: string) => [
    { lb_id: id, region: "ams3", server: "one", value: one },
    { lb_id: id, region: "ams3", server: "two", value: two },
  ];
  const becomes = (one: string, two: string) =>
    until(async () => JSON.stringify(await latest()) === JSON.stringify(health(one, two)));
  await becomes("100", "100");
  await stage.machines.powerOff(`droplet-${second}`);
  await becomes("100", "0");

  stage.world.digitalocean.behaviour.metricsMilliseconds = 120_000;
  await stage.machines.powerOn(`droplet-${second}`);
  await stage.healthy(3);
  expect(await latest()).toEqual(health("100", "0"));
  expect(await stage.get(`${path}?lb_id=${id}&start=0&end=1`)).toMatchObject({ data: { result: [] } });
  await expect(stage.api("GET", `${path}?lb_id=none&start=0&end=1`)).rejects.toThrow("not_found");
  await expect(stage.api("GET", `${path}?lb_id=${id}&start=soon&end=1`)).rejects.toThrow("UNIX timestamp");
});

interface Metrics {
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly values: readonly (readonly [number, string])[];
    }[];
  };
}
