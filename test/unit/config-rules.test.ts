import { expect, test } from "@jest/globals";
import { parseConfig } from "../../config/load";
import { namesOf } from "../../config/names";
import { deploymentVariables } from "../../config/services/handover";
import { sizeOf, systemMiB } from "../../config/sites/droplet-sizes";
import { containersAt } from "../support/synthesis/containers";
import { changed } from "../support/synthesis/changed-environment";
import { problemsOf } from "../support/synthesis/config-problems";
import { oneSite } from "../support/synthesis/environments";
import { stackOf, synth } from "../support/synthesis/synth";

/** The problems of the smallest environment with other settings at these paths. */
function problemsWith(settings: Readonly<Record<string, unknown>>): readonly string[] {
  return problemsOf(
    Object.entries(settings).reduce<unknown>((at, [path, value]) => changed(at, path, value), oneSite),
  );
}

const vpc = (ipRange: string) => ({ "sites.ams3.vpc": { ipRange } });
const berlin = { kind: "on-premises", nodes: { "rack-1": {} } };
const secret = "arn:aws:ssm:eu-west-1:123456789012:parameter/key";
const key = "arn:aws:kms:eu-west-1:123456789012:key/0b3c1c52-5bd4-4f0f-9d0e-6a4f0c6d2f11";
const longest = "a".repeat(24);

const remote = (settings: object) => ({ backend: { kind: "cloud", organization: "acme", ...settings } });

test.each<[string, Readonly<Record<string, unknown>>, string]>([
  [
    "an image to be built where Terraform finds no Docker",
    { ...remote({ execution: "remote" }), images: { app: { build: "app" } } },
    'images.app.build can\'t be built with backend.execution "remote", where Terraform has no Docker: push it to a registry yourself, and use its URI as the image of its services and jobs (got "app")',
  ],
  [
    "agents without a pool",
    remote({ execution: "agent" }),
    'backend.agentPool must name the pool whose agents run Terraform, since execution is "agent" (it is missing)',
  ],
  [
    "a pool without agents",
    remote({ execution: "remote", agentPool: "private" }),
    'backend.agentPool applies only to execution "agent": remove it (got "private")',
  ],
  [
    "a role for runs that there are none of",
    remote({ runRoleArn: `arn:aws:iam::${oneSite.aws.accountId}:role/hcp` }),
    `backend.runRoleArn applies only to execution "remote" or "agent": remove it (got "arn:aws:iam::${oneSite.aws.accountId}:role/hcp")`,
  ],
  [
    "a role of another account",
    remote({ execution: "remote", runRoleArn: "arn:aws:iam::999999999999:role/hcp" }),
    `backend.runRoleArn must be a role of aws.accountId, ${oneSite.aws.accountId} (got "arn:aws:iam::999999999999:role/hcp")`,
  ],
  [
    "more CPU than a node has",
    { "services.web.cpuUnits": 1025 },
    "services.web.cpuUnits doesn't fit node ams3/node-1 (s-1vcpu-1gb): a task needs 1025 CPU units in all, and the node has 1024 for tasks; lower this, or choose a larger size (got 1025)",
  ],
  [
    "more memory than a large node has left",
    { "services.web.memoryMiB": 15600, "sites.ams3.size": "s-4vcpu-16gb" },
    "services.web.memoryMiB doesn't fit node ams3/node-1 (s-4vcpu-16gb): a task needs 15600 MiB of memory in all, and the node has 15564 for tasks; lower this, or choose a larger size (got 15600)",
  ],
  [
    "droplets without enough memory for the agents",
    { "sites.ams3.size": "s-1vcpu-512mb-10gb" },
    'sites.ams3.size has 512 MiB of memory, and a node needs 512 MiB that are free: choose a larger size (got "s-1vcpu-512mb-10gb")',
  ],
  [
    "a single droplet without enough memory for the agents",
    { "sites.ams3.nodes": { "node-1": {}, "node-2": { size: "s-1vcpu-512mb-10gb" } } },
    'sites.ams3.nodes.node-2.size has 512 MiB of memory, and a node needs 512 MiB that are free: choose a larger size (got "s-1vcpu-512mb-10gb")',
  ],
  [
    "a port that Linux gives away",
    { "services.web.http.port": 40000 },
    "services.web.http.port is one of 32768 to 60999, which Linux uses for outgoing connections, so it may be taken at any time: choose another (got 40000)",
  ],
  [
    "an image for ARM on droplets",
    { "images.app": { build: "app", platform: "linux/arm64" }, "services.web.image": "app" },
    'services.web.image is built for linux/arm64, but the machines of site ams3 are all linux/amd64: change images.app.platform, or place tasks only on other sites (got "app")',
  ],
  [
    "a variable of the deployment's own",
    { "services.web.environment": { PORT: "80" } },
    'services.web.environment.PORT is set by the deployment itself (PORT, HEALTH_PATH, LAME_DUCK_SECONDS, READY_AFTER_SECONDS are): choose another name (got "80")',
  ],
  [
    "a secret under the name of the deployment's own variable",
    { "services.web.secrets": { HEALTH_PATH: secret } },
    "services.web.secrets.HEALTH_PATH is set by the deployment itself (PORT, HEALTH_PATH, LAME_DUCK_SECONDS, READY_AFTER_SECONDS are): choose another name (got a value that isn't shown)",
  ],
  [
    "keys without secrets",
    { "services.web.secretKeys": [key] },
    `services.web.secretKeys has no effect without services.web.secrets: remove it, or name the secrets (got ["${key}"])`,
  ],
  [
    "a public range as a VPC's",
    vpc("203.0.0.0/16"),
    'sites.ams3.vpc.ipRange must be within one of the private ranges 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 (got "203.0.0.0/16")',
  ],
  [
    "a range that DigitalOcean keeps",
    vpc("10.244.16.0/20"),
    'sites.ams3.vpc.ipRange overlaps with 10.244.0.0/16, which DigitalOcean reserves: choose another (got "10.244.16.0/20")',
  ],
  [
    "a range that DigitalOcean keeps in this region",
    { ...vpc("10.10.0.0/20"), "sites.ams3.region": "nyc1" },
    'sites.ams3.vpc.ipRange overlaps with 10.10.0.0/16, which DigitalOcean reserves: choose another (got "10.10.0.0/20")',
  ],
  [
    "two VPCs that overlap",
    { ...vpc("10.20.0.0/20"), "sites.fra1": { ...oneSite.sites.ams3, vpc: { ipRange: "10.20.15.0/24" } } },
    `sites.fra1.vpc.ipRange overlaps with 10.20.0.0/20 of site ams3: VPCs of one account can't overlap, so choose another range (got "10.20.15.0/24")`,
  ],
  [
    "more nodes than a cluster takes",
    Object.fromEntries(
      Array.from({ length: 11 }, (_, index) => [`sites.s${index}`, { ...oneSite.sites.ams3, nodes: 500 }]),
    ),
    "sites must have at most 5000 nodes, the limit of an ECS cluster (it has 5502): remove some, or create a second deployment (got {",
  ],
])("%s is refused", (_label, settings, problem) => {
  expect(problemsWith(settings)).toEqual([expect.stringContaining(`test.ts: ${problem}`)]);
});

test.each<[string, Readonly<Record<string, unknown>>]>([
  ["all the CPU of a node", { "services.web.cpuUnits": 1024 }],
  ["what a large node has left", { "services.web.memoryMiB": 15564, "sites.ams3.size": "s-4vcpu-16gb" }],
  [
    "anything on a size whose slug tells nothing",
    { "services.web.memoryMiB": 2 ** 30, "sites.ams3.size": "gpu-h100x1-80gb" },
  ],
  [
    "an image for ARM on premises",
    {
      "sites.berlin": berlin,
      "services.web.placement": { berlin: 1 },
      "images.app": { build: "app", platform: "linux/arm64" },
      "services.web.image": "app",
    },
  ],
  [
    "more CPU than the droplets have, where none of them runs a task",
    {
      "sites.berlin": berlin,
      "services.web.placement": { ams3: 0, berlin: 1 },
      "services.web.cpuUnits": 4096,
    },
  ],
  ["keys of secrets", { "services.web.secrets": { KEY: secret }, "services.web.secretKeys": [key] }],
  ["a range that another region keeps", vpc("10.10.0.0/20")],
  ["the ports around those that Linux gives away", { "services.web.http.port": 32767 }],
  ["the ports above them", { "services.web.http.port": 61000 }],
])("%s is accepted", (_label, settings) => {
  expect(problemsWith(settings)).toEqual([]);
});

test("a droplet whose name is too long for a host is refused", () => {
  const name = "a".repeat(20);
  const site = { ...oneSite.sites.ams3, nodes: { [longest]: {}, "web-1": {} } };
  const host = namesOf(parseConfig({ ...oneSite, name }, "test")).node(longest, longest);
  expect(host.length).toBeGreaterThan(63);
  expect(problemsWith({ name, [`sites.${longest}`]: site })).toEqual([
    `test.ts: sites.${longest}.nodes.${longest} gives the host name ${host} of ${host.length} characters, but at most 63 are allowed: shorten the name of the deployment, the site or the node (got {})`,
  ]);
  const server = { kind: "on-premises", nodes: { [longest]: {} } };
  expect(problemsWith({ name, [`sites.${longest}`]: server })).toEqual([]);
});

test("every other name fits its cloud's limit at its longest", () => {
  const names = namesOf(parseConfig({ ...oneSite, name: "a".repeat(20) }, "test"));
  // Sources: IAM and ECS API References; DigitalOcean API Reference, tags; HCP Terraform, workspaces; Amazon ECR API Reference.
  expect(names.role(longest, "execution").length).toBeLessThanOrEqual(64);
  expect(names.cluster.length).toBeLessThanOrEqual(255);
  expect(names.role(longest, "scheduler").length).toBeLessThanOrEqual(64);
  expect(names.service(longest, longest).length).toBeLessThanOrEqual(255);
  expect(names.family(longest, longest).length).toBeLessThanOrEqual(255);
  expect(names.jobFamily(longest).length).toBeLessThanOrEqual(255);
  expect(names.schedule(longest).length).toBeLessThanOrEqual(64);
  expect(names.deadLetters.length).toBeLessThanOrEqual(80);
  expect(names.loadBalancer(longest, longest).length).toBeLessThanOrEqual(255);
  expect(names.site(longest).length).toBeLessThanOrEqual(255);
  expect(names.state(`service-${longest}`).length).toBeLessThanOrEqual(90);
  expect(names.repository(longest).length).toBeLessThanOrEqual(256);
  expect(names.insightsLogs.length).toBeLessThanOrEqual(512);
});

test("the refused variables are exactly those that every container gets that hands over by itself", () => {
  const { services } = parseConfig(oneSite, "test");
  const web = services["web"];
  const [container] = containersAt(stackOf(synth(oneSite), "service-web"), "ams3");
  expect(web && [...deploymentVariables(web)].sort()).toEqual(
    container?.environment.map(({ name }) => name).sort(),
  );
  const http = { ...oneSite.services.web.http, handover: "proxy" as const };
  const proxied = { ...oneSite, services: { web: { ...oneSite.services.web, http } } };
  const [app] = containersAt(stackOf(synth(proxied), "service-web"), "ams3");
  expect(app?.environment).toEqual([]);
  expect(problemsWith({ "services.web.http": http, "services.web.environment": { PORT: "80" } })).toEqual([]);
});

test.each([
  ["s-1vcpu-1gb", 1, 1024],
  ["s-1vcpu-512mb-10gb", 1, 512],
  ["s-2vcpu-4gb-120gb-intel", 2, 4096],
  ["g-2vcpu-8gb-intel", 2, 8192],
  ["so1_5-2vcpu-16gb", 2, 16384],
  ["c-4", 4, 8192],
  ["c-60-intel", 60, 122880],
])("the slug %s means %i vCPUs and %i MiB", (slug, vcpus, memoryMiB) => {
  expect(sizeOf(slug)).toEqual({ vcpus, memoryMiB });
});

test.each(["gpu-h100x1-80gb", "512mb", "custom"])("the slug %s says nothing about the size", (slug) => {
  expect(sizeOf(slug)).toBeUndefined();
});

test.each([
  [512, 200],
  [1024, 200],
  [4096, 205],
  [65536, 3277],
])("of %i MiB the system takes %i", (memoryMiB, taken) => {
  expect(systemMiB({ vcpus: 1, memoryMiB })).toBe(taken);
});
