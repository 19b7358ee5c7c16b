import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { digitalOceanProblems } from "../../../cli/checks/digitalocean/account";
import type { Environment } from "../../../config/schema";
import { droplet, useDigitalOcean } from "../../local-cloud/digitalocean-stage";
import { useDesk } from "./undertaking";

// Against the local cloud's DigitalOcean, which takes no call that the published API doesn't allow.
const desk = useDesk();
const stage = useDigitalOcean();

let notices: string[];

beforeEach(() => {
  notices = [];
  jest.spyOn(console, "error").mockImplementation((line: string) => void notices.push(line));
});

afterEach(() => {
  jest.restoreAllMocks();
});

interface Options {
  readonly command?: "deploy" | "destroy" | "diff";
  readonly stacks?: readonly string[];
  readonly sites?: Environment["sites"];
  readonly services?: Environment["services"];
  readonly backend?: Environment["backend"];
  readonly variables?: NodeJS.ProcessEnv;
}

const check = ({ command = "deploy", stacks = ["compute-ams3"], variables, ...more }: Options = {}) =>
  digitalOceanProblems(
    desk().undertake({
      command,
      stacks,
      environment: more,
      variables: { DIGITALOCEAN_API_URL: stage().cloud.endpoint, DIGITALOCEAN_TOKEN: "test", ...variables },
    }),
  );

/** Refuses calls as DigitalOcean does to a token without their scope. */
const deny = (...operations: readonly string[]): void => {
  for (const operation of operations) {
    stage().world.faults.push({
      match: { service: "digitalocean", operation },
      times: 10,
      effect: { kind: "error", status: 403, code: "forbidden", message: "Not authorized." },
    });
  }
};

const calls = () => stage().world.journal.map(({ name }) => name);

test("a valid setup is checked without changing anything", async () => {
  expect(await check()).toEqual([]);
  expect(await check({ command: "destroy" })).toEqual([]);
  expect(notices).toEqual([]);
  const { journal, digitalocean } = stage().world;
  const writes = journal.filter(({ name }) => !name.startsWith("GET "));
  expect(writes.length).toBeGreaterThan(0);
  expect(writes.map(({ status }) => status).filter((status) => status !== 404 && status !== 422)).toEqual([]);
  const { droplets, tags, firewalls, loadBalancers } = digitalocean;
  expect([droplets, tags, firewalls, loadBalancers].map(({ size }) => size)).toEqual([0, 0, 0, 0]);
});

test("only the stacks of DigitalOcean sites need a token", async () => {
  const variables = { DIGITALOCEAN_TOKEN: "" };
  expect(await check({ variables })).toEqual([
    "no DigitalOcean token for site ams3: set DIGITALOCEAN_TOKEN to an API token with read and write scope",
  ]);
  expect(await check({ variables, stacks: ["service-web", "control-plane"] })).toEqual([]);
  expect(await check({ variables: { ...variables, DIGITALOCEAN_ACCESS_TOKEN: "test" } })).toEqual([]);
});

test("where HCP Terraform runs Terraform, no local token is needed, but one that is set is checked", async () => {
  const backend = { kind: "cloud", organization: "acme", execution: "remote" } as const;
  expect(await check({ backend, variables: { DIGITALOCEAN_TOKEN: "" } })).toEqual([]);
  expect(calls()).toEqual([]);
  expect(notices).toEqual([
    "DigitalOcean was not checked: DIGITALOCEAN_TOKEN is not set here, and doesn't have to be.",
  ]);
  expect(await check({ backend })).toEqual([]);
  expect(calls()).not.toEqual([]);
});

test.each(["deploy", "destroy", "diff"] as const)("a %s with a revoked token is refused", async (command) => {
  stage().world.digitalocean.behaviour.access = "none";
  expect(await check({ command })).toEqual([
    "DigitalOcean rejects the token in DIGITALOCEAN_TOKEN (Unable to authenticate you): " +
      "set it to a valid API token with read and write scope",
  ]);
});

test("a read-only token is enough for a diff, but not for a deploy or a destroy", async () => {
  stage().world.digitalocean.behaviour.access = "read";
  expect(await check({ command: "diff" })).toEqual([]);
  expect(await check({ command: "destroy" })).toEqual([
    "the DigitalOcean token lacks tag:delete, load_balancer:delete, firewall:delete, droplet:delete " +
      "(You do not have access for the attempted action.): a destroy needs a token with full access, or with these scopes",
  ]);
  expect(await check()).toEqual([
    "the DigitalOcean token lacks tag:create, load_balancer:create, firewall:create, droplet:create, " +
      "load_balancer:update, firewall:update, droplet:delete " +
      "(You do not have access for the attempted action.): a deploy needs a token with full access, or with these scopes",
  ]);
});

test("the scopes that a token lacks for its sites are named", async () => {
  deny("POST /v2/vpcs", "POST /v2/certificates", "DELETE /v2/droplets/{droplet_id}");
  const site = { kind: "digitalocean", region: "ams3", nodes: 1 } as const;
  expect(await check({ sites: { ams3: site } })).toEqual([
    "the DigitalOcean token lacks droplet:delete (Not authorized.): a deploy needs a token with full access, or with these scopes",
  ]);
  const certificate = { domains: ["www.example.com"] };
  const listener = { protocol: "https", port: 443, certificate } as const;
  const sites: Environment["sites"] = { ams3: { ...site, vpc: { ipRange: "10.20.0.0/20" } } };
  const http = { port: 8080, loadBalancer: { listeners: [listener] } };
  const services = { web: { image: "registry.example/app:v1", http } };
  const [line] = await check({ sites, services });
  expect(line).toContain("lacks vpc:create, certificate:create, droplet:delete (");
});

test("what a token may not read is reported as not checked", async () => {
  deny("GET /v2/account", "GET /v2/sizes");
  stage().world.digitalocean.behaviour.dropletLimit = 0;
  expect(await check()).toEqual([]);
  expect(notices).toEqual([
    "The DigitalOcean account was not checked: the DigitalOcean token may not read that (Not authorized.).",
    "Sizes were not checked: the DigitalOcean token may not read that (Not authorized.).",
  ]);
});

test("the droplets that a deploy adds must fit into the account's limit", async () => {
  const { world, createDroplet } = stage();
  await createDroplet({ name: "somebody-elses" });
  await createDroplet({ name: "shop--ams3--node-1", tags: ["shop--ams3"] });
  world.digitalocean.behaviour.dropletLimit = 3;
  expect(await check()).toEqual([]);
  world.digitalocean.behaviour.dropletLimit = 2;
  expect(await check()).toEqual([
    "DigitalOcean allows the account 2 droplets, and it has 2 besides the 1 to be added: " +
      "ask for more (https://cloud.digitalocean.com/account/team/droplet_limit_increase), or add fewer nodes",
  ]);
  for (const command of ["diff", "destroy"] as const) {
    expect(await check({ command })).toEqual([]);
  }
});

test("a diff says what a deploy will refuse about droplets, and a destroy doesn't", async () => {
  stage().world.digitalocean.behaviour.unavailable = ["ams3"];
  expect(await check({ command: "diff" })).toEqual([]);
  expect(notices).toEqual([
    expect.stringMatching(
      /^A deploy will be refused: DigitalOcean accepts no droplets in region ams3: choose another in .*\.$/,
    ),
  ]);
  expect(await check({ command: "destroy" })).toEqual([]);
  expect(notices).toHaveLength(1);
});

test("every page of a list counts", async () => {
  const { world, createDroplet } = stage();
  const { droplets } = world.digitalocean;
  const first = droplets.get(await createDroplet({ name: "shop--ams3--node-1", tags: ["shop--ams3"] }));
  for (let node = 2; first !== undefined && node <= 201; node++) {
    droplets.set(node, { ...first, id: node, name: `shop--ams3--node-${node}` });
  }
  world.digitalocean.behaviour.dropletLimit = 201;
  const site = { kind: "digitalocean", region: "ams3" } as const;
  expect(await check({ sites: { ams3: { ...site, nodes: 201 } } })).toEqual([]);
  const [line] = await check({ sites: { ams3: { ...site, nodes: 202 } } });
  expect(line).toContain("it has 201 besides the 1 to be added");
});

test("sizes, images and regions that aren't offered are reported together, one line each", async () => {
  stage().world.digitalocean.behaviour.unavailable = ["fra1", "ams3/s-1vcpu-2gb", "ams3/debian-12-x64"];
  const site = { kind: "digitalocean", region: "ams3" } as const;
  const sites: Environment["sites"] = {
    ams3: { ...site, size: "s-1vcpu-2gb", image: "debian-12-x64", nodes: 2 },
    lon1: {
      ...site,
      region: "lon1",
      nodes: { "node-1": { size: "s-99vcpu-1gb" }, "node-2": { image: "ubuntu-10-x64" } },
    },
    fra1: { ...site, region: "fra1", nodes: 1 },
  };
  const lines = await check({ sites, stacks: ["compute-ams3", "compute-lon1", "compute-fra1"] });
  expect(lines.map((line) => line.replace(/ \(.*\)/, " (…)"))).toEqual([
    "DigitalOcean doesn't offer the size s-1vcpu-2gb in ams3 (…): choose another in environment.json, sites.ams3",
    "DigitalOcean doesn't offer the image debian-12-x64 in ams3 (…): choose another in environment.json, sites.ams3",
    "DigitalOcean has no size s-99vcpu-1gb: choose another in environment.json, sites.lon1",
    "DigitalOcean has no image ubuntu-10-x64: choose another in environment.json, sites.lon1",
    "DigitalOcean accepts no droplets in region fra1: choose another in environment.json, sites.fra1 (…)",
  ]);
  expect(lines[0]).toContain("(only in ams1, ams2, blr1,");
  expect(lines[4]).toContain("(ams1, ams2, ams3, blr1, lon1,");
});

test("sizes, images and regions of existing droplets aren't checked", async () => {
  const { world, createDroplet } = stage();
  for (const node of ["node-1", "node-2"]) {
    await createDroplet({ ...droplet, name: `shop--ams3--${node}`, tags: ["shop--ams3"] });
  }
  world.digitalocean.behaviour.unavailable = ["ams3", "ams3/s-1vcpu-1gb", "ams3/ubuntu-24-04-x64"];
  expect(await check()).toEqual([]);
  expect(calls()).not.toContain("GET /v2/sizes");
});

test("an unavailable or unreachable DigitalOcean is reported; behind a proxy it only causes a notice", async () => {
  stage().world.faults.push({
    match: { service: "digitalocean", operation: "GET /v2/account" },
    times: 1,
    effect: { kind: "error", status: 503, code: "service_unavailable", message: "Later." },
  });
  expect(await check()).toEqual([
    "DigitalOcean answers 503 (Later.): check DIGITALOCEAN_API_URL if it is set, wait a few minutes and run again",
  ]);
  const nowhere = { DIGITALOCEAN_API_URL: "http://127.0.0.1:2" };
  expect(await check({ variables: nowhere })).toEqual([
    "DigitalOcean's API can't be reached (connect ECONNREFUSED 127.0.0.1:2): check the network, and DIGITALOCEAN_API_URL if it is set",
  ]);
  expect(await check({ variables: { ...nowhere, HTTPS_PROXY: "http://proxy.example:3128" } })).toEqual([]);
  expect(notices).toEqual([
    "The DigitalOcean token was not checked: a proxy is set, and DigitalOcean's API can't be reached directly (connect ECONNREFUSED 127.0.0.1:2).",
  ]);
});
