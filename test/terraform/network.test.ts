import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { afterFailedDeploy } from "../../cli/remedies/certificate-release";
import { afterFailedDestroy } from "../../cli/remedies/destroyed-site";
import { createTerraform } from "../../cli/terraform/terraform";
import type { Environment } from "../../config/schema";
import { oneSite } from "../support/synthesis/environments";
import { stackOf, synthInto } from "../support/synthesis/synth";
import { useProviders } from "../local-cloud/providers-stage";

/** Half a minute of the provider's waits is 0.6 s here. */
const second = 20;
const stage = useProviders(second);

type Site = Extract<Environment["sites"][string], { kind: "digitalocean" }>;
type Http = NonNullable<NonNullable<Environment["services"]>[string]["http"]>;

/** Turns Terraform to what a site has beside its nodes, as it is synthesised. */
async function configure(site: Partial<Site> = {}, http: Partial<Http> = {}) {
  const outdir = mkdtempSync(join(tmpdir(), "network-"));
  try {
    const environment: Environment = {
      ...oneSite,
      sites: { ams3: { ...oneSite.sites.ams3, ...site } },
      services: { web: { ...oneSite.services.web, http: { ...oneSite.services.web.http, ...http } } },
    };
    const { resource, data = {} } = stackOf(synthInto(outdir, environment), "compute-ams3");
    const beside = Object.entries(resource).filter(([type]) => type !== "digitalocean_droplet");
    const { network = {} } = resource["null_resource"] ?? {};
    const { digitalocean_vpc } = data;
    const assets = join(outdir, "stacks", "compute-ams3", "assets");
    cpSync(assets, join(stage().directory, "assets"), { recursive: true });
    await stage().configure(
      { ...Object.fromEntries(beside), null_resource: { network } },
      digitalocean_vpc && { data: { digitalocean_vpc } },
    );
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

const ownVpc = { vpc: { ipRange: "10.20.0.0/20" } };
const balancers = () => [...stage().world.digitalocean.loadBalancers.values()];
const vpcs = () => [...stage().world.digitalocean.vpcs.values()];
const certificates = () => [...stage().world.digitalocean.certificates.values()];

/** Calls DigitalOcean as somebody else does. */
async function call(method: string, path: string, body: object): Promise<void> {
  const headers = { authorization: "Bearer somebody" };
  const response = await fetch(stage().endpoint + path, { method, headers, body: JSON.stringify(body) });
  expect(response.ok).toBe(true);
}

test("a load balancer lets everybody in again once its restriction is removed", async () => {
  const { apply, plannedActions, expectNoChanges } = stage();
  await configure({}, { loadBalancer: { allowFrom: ["203.0.113.0/24"] } });
  await apply();
  expect(balancers().map(({ settings }) => settings.firewall.allow)).toEqual([["cidr:203.0.113.0/24"]]);
  await configure({}, { loadBalancer: { allowFrom: [] } });
  expect(await plannedActions()).toEqual({ "digitalocean_loadbalancer.web": "update" });
  await apply();
  expect(balancers().map(({ settings }) => settings.firewall.allow)).toEqual([["cidr:0.0.0.0/0"]]);
  await expectNoChanges();
}, 60_000);

test("a site's own VPC is refused in the plan if it would be the region's first, and so its default", async () => {
  const { terraform, apply, expectNoChanges } = stage();
  await configure(ownVpc);
  const { code, output } = await terraform("apply", "-auto-approve", "-no-color");
  expect([code, output]).toEqual([1, expect.stringContaining("unable to find default VPC in ams3 region")]);
  expect(output).toContain("data.digitalocean_vpc.default");
  expect(vpcs()).toEqual([]);
  expect(await terraform("destroy", "-auto-approve")).toMatchObject({ code: 0 });

  await call("POST", "/v2/vpcs", { name: "default-ams3", region: "ams3" });
  await apply();
  expect(balancers().map(({ settings }) => settings.vpc_uuid)).toEqual([vpcs()[1]?.id]);
  await expectNoChanges();
  expect(await terraform("destroy", "-auto-approve")).toMatchObject({ code: 0 });
  expect(vpcs().map(({ name }) => name)).toEqual(["default-ams3"]);
}, 60_000);

test("a VPC that has become the default fails a destroy with the remedy, once everything else is gone", async () => {
  const { world, terraform, apply } = stage();
  await call("POST", "/v2/vpcs", { name: "default-ams3", region: "ams3" });
  await configure(ownVpc);
  await apply();
  const [first, own] = vpcs();
  await call("PUT", `/v2/vpcs/${own?.id ?? ""}`, { name: "shop--ams3", default: true });
  const { code, output } = await terraform("destroy", "-auto-approve", "-no-color");
  expect(code).toBe(1);
  expect(output).toContain(`VPC shop--ams3 (${own?.id ?? ""}) has become the default of region ams3`);
  expect(output).toContain("doctl vpcs update <id of the new one> --default=true");
  expect((await terraform("state", "list")).output.trim().split("\n")).toEqual([
    "data.digitalocean_vpc.default",
    "digitalocean_vpc.nodes",
  ]);
  expect([balancers(), [...world.digitalocean.firewalls], [...world.digitalocean.tags]]).toEqual([
    [],
    [],
    [],
  ]);

  await call("PUT", `/v2/vpcs/${first?.id ?? ""}`, { name: "default-ams3", default: true });
  expect(await terraform("destroy", "-auto-approve")).toMatchObject({ code: 0 });
  expect(vpcs()).toEqual([first]);
}, 60_000);

test("a site that goes back to the default VPC replaces its load balancer, and its own VPC is deleted", async () => {
  const { apply, plannedActions, expectNoChanges } = stage();
  await call("POST", "/v2/vpcs", { name: "default-ams3", region: "ams3" });
  await configure(ownVpc);
  await apply();
  await configure();
  expect(await plannedActions()).toMatchObject({
    "digitalocean_loadbalancer.web": "delete,create",
    "digitalocean_vpc.nodes": "delete",
  });
  await apply();
  expect(balancers().map(({ settings }) => settings.vpc_uuid)).toEqual(vpcs().map(({ id }) => id));
  expect(vpcs().map(({ name }) => name)).toEqual(["default-ams3"]);
  await expectNoChanges();
}, 60_000);

test("a network that an earlier release made keeps its load balancer", async () => {
  const { terraform, apply, plannedActions } = stage();
  await configure();
  await apply();
  await terraform("state", "rm", "null_resource.network");
  expect(await plannedActions()).toEqual({ "null_resource.network": "create" });
}, 60_000);

test("changes to a site's network outside Terraform are undone in place, and replace nothing", async () => {
  const { world, apply, plannedActions, expectNoChanges } = stage();
  await call("POST", "/v2/vpcs", { name: "default-ams3", region: "ams3" });
  await configure(ownVpc);
  await apply();
  const { firewalls, tags } = world.digitalocean;
  const [balancer, own] = [balancers()[0], vpcs()[1]];
  if (balancer === undefined || own === undefined) {
    throw new Error("there is no load balancer or no VPC");
  }
  balancer.settings = {
    ...balancer.settings,
    name: "other",
    firewall: { allow: [], deny: ["ip:203.0.113.1"] },
    redirect_http_to_https: true,
    size_unit: 3,
    http_idle_timeout_seconds: 90,
  };
  own.name = "other";
  for (const firewall of firewalls.values()) {
    Object.assign(firewall, { name: "other", inbound: [], tags: [] });
  }
  tags.clear();
  expect(await plannedActions()).toEqual({
    "digitalocean_tag.nodes": "create",
    "digitalocean_loadbalancer.web": "update",
    "digitalocean_firewall.nodes": "update",
    "digitalocean_vpc.nodes": "update",
  });
  await apply();
  expect(balancers().map(({ id, settings }) => [id, settings.firewall])).toEqual([
    [balancer.id, { allow: ["cidr:0.0.0.0/0"], deny: [] }],
  ]);
  // The configuration says nothing of these two.
  expect(balancers()[0]?.settings).toMatchObject({ size_unit: 3, http_idle_timeout_seconds: 90 });
  await expectNoChanges();
}, 60_000);

test("another port changes the load balancer in place, and another region replaces it", async () => {
  const { apply, plannedActions } = stage();
  await configure();
  await apply();
  await configure({}, { port: 9090 });
  expect(await plannedActions()).toEqual({
    "digitalocean_loadbalancer.web": "update",
    "digitalocean_firewall.nodes": "update",
  });
  await apply();
  expect(balancers()[0]?.settings.forwarding_rules).toMatchObject([{ target_port: 9090 }]);
  await configure({ region: "fra1" }, { port: 9090 });
  expect(await plannedActions()).toEqual({
    "digitalocean_loadbalancer.web": "delete,create",
    "digitalocean_firewall.nodes": "update",
  });
}, 60_000);

/** A certificate's name holds the second of its request, so that the next one has to come in another. */
const nextSecond = () => pause(1000 - (Date.now() % 1000));

const listening = (domain: string) => ({
  loadBalancer: {
    listeners: [{ protocol: "https" as const, port: 8443, certificate: { domains: [domain] } }],
  },
});

test.each([
  ["the wording that the provider knows, for longer than its half minute", "usual"],
  ["the other wording", "other"],
] as const)(
  "a certificate still in use, reported in %s, fails the deploy that replaces it; the next deletes it",
  async (_what, certificateRefusal) => {
    const { world, terraform, apply, expectNoChanges } = stage();
    const { behaviour } = world.digitalocean;
    await configure({}, listening("a.example.com"));
    await apply();
    behaviour.certificateRefusal = certificateRefusal;
    behaviour.certificateReleaseMilliseconds = 600_000;
    await nextSecond();
    await configure({}, listening("b.example.com"));
    const { code, output } = await terraform("apply", "-auto-approve", "-no-color");
    expect([code, output]).toEqual([1, expect.stringMatching(/Error deleting Certificate.*: 403 .*use/s)]);
    // The site is served with the new one all the same.
    const [old, current] = certificates();
    expect(old?.domains).toEqual(["a.example.com"]);
    expect(balancers()[0]?.settings.forwarding_rules).toMatchObject([{ certificate_id: current?.id }]);

    behaviour.certificateReleaseMilliseconds = 0;
    await apply();
    expect(certificates()).toEqual([current]);
    await expectNoChanges();
  },
  60_000,
);

/** The stack and Terraform, as our commands have them. */
function commanded() {
  const { directory, variables } = stage();
  return {
    stack: { id: "compute-ams3", folder: directory, dependencies: [], reads: [], terraform: {} },
    terraform: createTerraform(variables, { prove: () => undefined, label: (_, text) => text, parallel: 1 }),
  };
}

test("our own commands wait while a replaced certificate is still in use, and finally say what is left", async () => {
  const { world, apply, terraform, expectNoChanges } = stage();
  const { behaviour } = world.digitalocean;
  await configure({}, listening("a.example.com"));
  await apply();
  behaviour.certificateRefusal = "other";
  behaviour.certificateReleaseMilliseconds = 600_000;
  await nextSecond();
  await configure({}, listening("b.example.com"));
  expect(await terraform("apply", "-auto-approve")).toMatchObject({ code: 1 });
  const ours = commanded();
  const wait = (seconds: string) =>
    afterFailedDeploy(ours.stack, 1, ours.terraform, { RELEASE_SECONDS: seconds });
  for (const seconds of ["0", "1"]) {
    await expect(wait(seconds)).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(
        / Left to be deleted: digitalocean_certificate\.web-8443\. .* run the same command again later/,
      ),
      passable: true,
    });
  }
  behaviour.certificateReleaseMilliseconds = 0;
  await wait("1");
  expect(certificates()).toMatchObject([{ domains: ["b.example.com"] }]);
  await expectNoChanges();

  // Anything else that fails is not waited for.
  await configure({}, listening("c.example.com"));
  await expect(afterFailedDeploy(ours.stack, 3, ours.terraform, {})).rejects.toMatchObject({
    exitCode: 3,
    passable: false,
  });
}, 120_000);

test("our own destroy says what to do with a VPC that has become the default", async () => {
  const { apply, terraform } = stage();
  await call("POST", "/v2/vpcs", { name: "default-ams3", region: "ams3" });
  await configure(ownVpc);
  await apply();
  const own = vpcs()[1];
  await call("PUT", `/v2/vpcs/${own?.id ?? ""}`, { name: own?.name, default: true });
  expect(await terraform("destroy", "-auto-approve")).toMatchObject({ code: 1 });
  const ours = commanded();
  await expect(afterFailedDestroy(ours.stack, 1, ours.terraform, [])).rejects.toMatchObject({
    exitCode: 1,
    passable: true,
    message: expect.stringMatching(
      / No node is left, so the other stacks continue\. Left: digitalocean_vpc\.nodes\. .*terraform -chdir=\S+ state rm digitalocean_vpc\.nodes/,
    ),
  });
}, 120_000);
