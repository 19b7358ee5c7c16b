import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { containersAt } from "../support/synthesis/containers";
import { oneSite, threeSites } from "../support/synthesis/environments";
import { addresses, resourceAt, stackOf, synth } from "../support/synthesis/synth";

const stacks = synth(threeSites);
const worker = stackOf(stacks, "service-worker");
const api = stackOf(stacks, "service-api");

test("a container is started as its service says: command, entry point, user, credentials, strict security and tmpfs", () => {
  expect(containersAt(worker, "ams3")).toMatchObject([
    {
      command: ["--queue", "mail"],
      entryPoint: ["/bin/worker"],
      user: "1000:1000",
      repositoryCredentials: { credentialsParameter: threeSites.services.worker.registryCredentials },
      readonlyRootFilesystem: true,
      linuxParameters: {
        initProcessEnabled: true,
        capabilities: { add: [], drop: ["ALL"] },
        tmpfs: [{ containerPath: "/tmp", size: 64, mountOptions: [] }],
      },
      dockerSecurityOptions: ["no-new-privileges"],
      stopTimeout: 15,
      portMappings: [],
    },
  ]);
});

test("a service without http has replicas that fit beside the old ones, no port and no way in", () => {
  expect(resourceAt(worker, "aws_ecs_service.service")).toMatchObject({ scheduling_strategy: "REPLICA" });
  expect(worker.locals["services"]).toMatchObject({
    berlin: { desiredCount: 2, minimumHealthyPercent: 100, maximumPercent: 200 },
  });
  expect(worker.output).not.toHaveProperty("port");
  expect(worker.output["scheduling_strategy"]?.["value"]).toBe("REPLICA");
  for (const [id, stack] of Object.entries(stacks).filter(([name]) => name.startsWith("compute-"))) {
    expect([id, JSON.stringify(stack.resource).includes("worker")]).toEqual([id, false]);
  }
});

test("folders of the node are volumes of the task definition, and mounted as the service says", () => {
  expect(resourceAt(api, "aws_ecs_task_definition.task")).toMatchObject({
    dynamic: {
      volume: {
        for_each: "${each.value.volumes}",
        content: { name: "${volume.key}", host_path: "${volume.value}" },
      },
    },
  });
  expect(api.locals["task_definitions"]?.["fra1"]).toMatchObject({
    family: "shop--api--fra1",
    volumes: { "volume-1": "/srv/api" },
  });
  expect(containersAt(api, "fra1")[0]).toMatchObject({
    mountPoints: [{ sourceVolume: "volume-1", containerPath: "/data", readOnly: true }],
  });
  expect(resourceAt(worker, "aws_ecs_task_definition.task")).not.toHaveProperty("dynamic");
});

test("attributes in `on` limit where tasks are placed, and how many a daemon has", () => {
  const nodes = { a: { attributes: { disk: "ssd" } }, b: {} };
  const web = { ...oneSite.services.web, on: { disk: "ssd" } };
  const sites = { ams3: { ...oneSite.sites.ams3, nodes } };
  const stack = stackOf(synth({ ...oneSite, sites, services: { web } }), "service-web");
  expect(resourceAt(stack, "aws_ecs_service.service")["placement_constraints"]).toEqual([
    {
      type: "memberOf",
      expression:
        "attribute:anywhere.deployment == shop and attribute:anywhere.site == ${each.key} and attribute:disk == ssd",
    },
  ]);
  expect(stack.locals["rollouts"]).toMatchObject({ ams3: { tasks: 1 } });
});

test("two services with one image use the same tag, which either pushes", () => {
  const images = { app: { build: "app" } };
  const services = { web: { image: "app" }, worker: { image: "app" } };
  const both = synth({ ...oneSite, images, services });
  const [one, other] = ["service-web", "service-worker"].map((id) =>
    resourceAt(stackOf(both, id), "null_resource.image"),
  );
  expect(one?.["triggers"]).toEqual(other?.["triggers"]);
  expect(Object.keys(stackOf(both, "control-plane").locals["repositories"] ?? {})).toEqual(["app"]);
});

test("an internal load balancer isn't public, and its URL is a separate output", () => {
  const fra1 = stackOf(stacks, "compute-fra1");
  expect(resourceAt(fra1, "digitalocean_loadbalancer.api")).toMatchObject({
    name: "shop--fra1--api",
    network: "INTERNAL",
    forwarding_rule: [{ entry_port: 8000, target_port: 3001 }],
  });
  expect(fra1.output["urls"]?.["value"]).toEqual({});
  expect(fra1.output["internal_urls"]?.["value"]).toEqual({
    api: "http://${digitalocean_loadbalancer.api.ip}:8000",
  });
  const web = resourceAt(stackOf(stacks, "compute-ams3"), "digitalocean_loadbalancer.web");
  expect(web).not.toHaveProperty("network");
});

test("an environment with only sites has no stack of services or jobs, no load balancer and no open port", () => {
  const bare = synth({ name: oneSite.name, aws: oneSite.aws, sites: oneSite.sites });
  expect(Object.keys(bare).sort()).toEqual(["activations", "compute-ams3", "control-plane"]);
  const compute = stackOf(bare, "compute-ams3");
  expect(addresses(compute).filter((address) => address.startsWith("digitalocean_loadbalancer"))).toEqual([]);
  expect(resourceAt(compute, "digitalocean_firewall.nodes")["inbound_rule"] ?? []).toEqual([]);
});

test("a service without a load balancer creates none, and its port is closed", () => {
  const web = { ...oneSite.services.web, http: { port: 8080, loadBalancer: false as const } };
  const compute = stackOf(synth({ ...oneSite, services: { web } }), "compute-ams3");
  expect(compute.resource).not.toHaveProperty("digitalocean_loadbalancer");
  expect(resourceAt(compute, "digitalocean_firewall.nodes")["inbound_rule"] ?? []).toEqual([]);
});

test("the smallest useful file has fewer than 20 lines", () => {
  expect(readFileSync("config/environments/dev.ts", "utf8").trimEnd().split("\n").length).toBeLessThan(20);
});

test("the URL of an internal load balancer is that of its http listener without a redirect, if it has one", () => {
  const internal = <Listener>(port: number, listeners: Listener[]) => ({
    ...oneSite.services.web,
    http: { port, loadBalancer: { network: "internal" as const, listeners } },
  });
  const https = { protocol: "https" as const, port: 443, certificate: { name: "own" } };
  const site = stackOf(
    synth({
      ...oneSite,
      services: {
        api: internal(3000, [https, { protocol: "http", port: 8080 }]),
        admin: internal(3001, [{ protocol: "http", port: 80, redirectTo: 443 }, https]),
      },
    }),
    "compute-ams3",
  );
  expect(site.output["internal_urls"]?.["value"]).toEqual({
    api: "http://${digitalocean_loadbalancer.api.ip}:8080",
  });
});
