import type { RequestListener } from "node:http";
import { serveDigitalOcean, type DigitalOcean } from "../../local-cloud/digitalocean/api/api";
import type { LoadBalancer } from "../../local-cloud/digitalocean/state";
import { createWorld, type World } from "../../local-cloud/world";
import { fakeMachines, until, type FakeMachines } from "./fake-machines";

/** A DigitalOcean whose droplets are web servers in this process, with the tag `web`. */
export interface LoadBalancerStage {
  readonly world: World;
  readonly machines: FakeMachines;
  readonly cloud: DigitalOcean;
  /** The droplets' answers, except to `/healthz`. */
  serve: RequestListener;
  /** Calls the API, and gives the id in its answer. @throws Error with the answer when that is no success */
  api(method: string, path: string, body?: object): Promise<string>;
  /** The API's answer. */
  get(path: string): Promise<unknown>;
  /** A load balancer that checks ten times a second, and the URL of its port 8081. */
  createLoadBalancer(
    more?: object,
  ): Promise<{ readonly id: string; readonly ip: string; readonly url: string }>;
  /** A droplet behind it that is up. */
  createDroplet(more?: object): Promise<number>;
  /** `backend-healthy` and `backend-unhealthy`, each with its droplet's id. */
  healthEvents(): (string | number)[][];
  /** Waits until so many droplets have become healthy. */
  healthy(count: number): Promise<void>;
  close(): Promise<void>;
}

/** Port 8081 in front of port 8000, as the API takes it. */
export const settings = {
  name: "lb",
  region: "ams3",
  tag: "web",
  forwarding_rules: [
    { entry_protocol: "http", entry_port: 8081, target_protocol: "http", target_port: 8000 },
  ],
  health_check: {
    protocol: "http",
    port: 8000,
    path: "/healthz",
    check_interval_seconds: 3,
    response_timeout_seconds: 3,
    healthy_threshold: 2,
    unhealthy_threshold: 2,
  },
};

export async function startLoadBalancerStage(
  sandbox: FakeMachines["sandbox"] = "process",
): Promise<LoadBalancerStage> {
  const world = createWorld("123456789012");
  const machines = fakeMachines(
    (name) => (request, response) => {
      response.setHeader("x-machine", name);
      if (request.url === "/healthz") {
        response.end();
      } else {
        stage.serve(request, response);
      }
    },
    sandbox,
  );
  const cloud = await serveDigitalOcean(world, machines, { processingMilliseconds: 0 });
  const stage: LoadBalancerStage = {
    world,
    machines,
    cloud,
    serve: (_request, response) => response.end("ok"),
    api: async (method, path, body) => {
      const response = await fetch(cloud.endpoint + path, {
        method,
        headers: { authorization: "Bearer secret" },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (!response.ok) {
        throw new Error(text);
      }
      return /"id":"?([\w-]+)/.exec(text)?.[1] ?? "";
    },
    createLoadBalancer: async (more = {}) => {
      const id = await stage.api("POST", "/v2/load_balancers", { ...settings, ...more });
      const loadBalancer = world.digitalocean.loadBalancers.get(id);
      if (loadBalancer === undefined) {
        throw new Error("no load balancer");
      }
      quicken(loadBalancer);
      return { id, ip: loadBalancer.ip, url: `http://${loadBalancer.ip}:8081` };
    },
    get: async (path) => {
      const headers = { authorization: "Bearer secret" };
      return (await fetch(cloud.endpoint + path, { headers })).json();
    },
    createDroplet: async (more = {}) => {
      const droplet = { region: "ams3", size: "s-1vcpu-1gb", image: "ubuntu-24-04-x64", tags: ["web"] };
      const id = Number(await stage.api("POST", "/v2/droplets", { name: "n", ...droplet, ...more }));
      await until(() => world.digitalocean.droplets.get(id)?.status === "active");
      return id;
    },
    healthEvents: () =>
      world.journal
        .filter(({ name }) => name.startsWith("backend-"))
        .map(({ name, detail }) => [name, detail.droplet_id as number]),
    healthy: (count) =>
      until(() => stage.healthEvents().filter(([name]) => name === "backend-healthy").length === count),
    close: async () => {
      await cloud.close();
      await machines.close();
    },
  };
  await stage.api("POST", "/v2/tags", { name: "web" });
  return stage;
}

/** The API allows no interval below 3 s. */
function quicken(loadBalancer: LoadBalancer): void {
  const { settings: slow } = loadBalancer;
  const health_check = { ...slow.health_check, check_interval_seconds: 0.1, response_timeout_seconds: 1 };
  loadBalancer.settings = { ...slow, health_check };
}
