import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { Entry } from "../../local-cloud/world";
import { findSite, listDroplets, nothing } from "../support/observation/clouds";
import { hold, refuse, type Refusal } from "../support/deployments/injection";
import { awaitCall, callsOf, names } from "../support/observation/journal";
import { startLifeCycle, type LifeCycle } from "../support/deployments/life-cycle";
import type { SiteSettings } from "../support/deployments/sample-environment";
import { dropletSite, machineOf } from "../support/observation/nodes";
import { reasons } from "../support/deployments/terraform-output";

jest.setTimeout(600_000);

/** A site with nothing but its load balancer. */
const entrance: SiteSettings = { kind: "digitalocean", region: "ams3", nodes: 0 };

let life: LifeCycle;

beforeAll(async () => {
  const sites = ["burst", "throttled", "failing", "full", "locked"];
  life = await startLifeCycle({
    name: "outages",
    sites: { ...Object.fromEntries(sites.map((site) => [site, dropletSite("node-1")])), entrance },
  });
});

afterEach(() => life.cloud.admin.clearFaults());

afterAll(() => life.stop());

const find = (site: string) => findSite(life.cloud, life.deployment, site);
/** One attempt for each call of the AWS CLI's own, so that an outage is over soon. */
const impatient = { AWS_MAX_ATTEMPTS: "1" };

async function expectUp(site: string): Promise<void> {
  const { containerInstances, managedInstances, droplets } = await find(site);
  expect(containerInstances).toMatchObject([{ node: "node-1", status: "ACTIVE", connected: true }]);
  expect(managedInstances).toEqual([containerInstances[0]?.managedInstance]);
  expect(droplets).toEqual([`shop--${site}--node-1`]);
}

async function expectDestroyed(site: string): Promise<void> {
  expect(await life.site(site).destroy()).toSucceed();
  expect(await find(site)).toEqual(nothing);
}

test("short bursts of throttling and server errors from every API only slow an apply down", async () => {
  const refusals: readonly (readonly [Refusal, number])[] = [
    [
      { service: "ssm", operation: "DescribeInstanceInformation", status: 400, code: "ThrottlingException" },
      5,
    ],
    [{ service: "ssm", operation: "RegisterManagedInstance", status: 400, code: "ThrottlingException" }, 1],
    [{ service: "ecs", operation: "ListContainerInstances", status: 500, code: "ServerException" }, 3],
    [{ service: "ecs", operation: "DescribeContainerInstances", status: 503, code: "ServiceUnavailable" }, 2],
    [{ service: "ecs", operation: "RegisterContainerInstance", status: 500, code: "ServerException" }, 2],
    [{ service: "digitalocean", operation: "POST /v2/droplets", status: 429, code: "too_many_requests" }, 3],
    [
      {
        service: "digitalocean",
        operation: "GET /v2/droplets/{droplet_id}",
        status: 503,
        code: "service_unavailable",
      },
      3,
    ],
    [{ service: "digitalocean", operation: "POST /v2/firewalls", status: 500, code: "server_error" }, 2],
  ];
  for (const [refusal, times] of refusals) {
    await refuse(life, refusal, times);
  }
  const mark = await life.mark();
  expect(await life.site("burst").apply()).toSucceed();
  const journal = await life.since(mark);
  for (const [{ operation, status }, times] of refusals) {
    expect(callsOf(journal, operation).filter((call) => call.status === status)).toHaveLength(times);
  }
  await expectUp("burst");
  await expectDestroyed("burst");
});

test.each<readonly [string, string, Refusal, string]>([
  [
    "throttling by Systems Manager",
    "throttled",
    { service: "ssm", operation: "DescribeInstanceInformation", status: 400, code: "ThrottlingException" },
    "FAILED: ssm describe-instance-information: still throttled after 4 rounds of retries. Wait a few minutes and run again.",
  ],
  [
    "a failing ECS",
    "failing",
    { service: "ecs", operation: "ListContainerInstances", status: 500, code: "ServerException" },
    "FAILED: ecs list-container-instances: AWS keeps failing. Wait a few minutes, see the AWS Health Dashboard, and run again.",
  ],
])(
  "%s, if it persists, fails the gate with the remedy, and the next apply converges",
  async (_, site, refusal, reason) => {
    await refuse(life, refusal);
    const ended = await life.site(site).apply(impatient);
    expect(ended.exitCode).toBe(1);
    expect(reasons(ended)).toContain(reason);
    const droplets = await listDroplets(life.cloud, `shop--${site}--`);
    expect(droplets).toHaveLength(1);

    await life.cloud.admin.clearFaults();
    expect(await life.site(site).apply()).toSucceed();
    await expectUp(site);
    expect(await listDroplets(life.cloud, `shop--${site}--`)).toEqual(droplets);
    await expectDestroyed(site);
  },
);

test("if DigitalOcean keeps failing, the apply fails with its message, and the next apply converges", async () => {
  const operation = "POST /v2/droplets";
  const message = "no droplets today";
  await refuse(life, { service: "digitalocean", operation, status: 503, code: "unavailable", message });
  const ended = await life.site("full").apply();
  expect(ended.exitCode).toBe(1);
  expect(reasons(ended)).toMatch(/Error creating droplet: POST \S+: 503 no droplets today/);
  expect(await find("full")).toEqual(nothing);

  await life.cloud.admin.clearFaults();
  expect(await life.site("full").apply()).toSucceed();
  await expectUp("full");
  await expectDestroyed("full");
});

test("a machine waits for the package manager's lock and comes up without any help", async () => {
  const apts = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 731 (apt-get)";
  const dpkgs = "dpkg: error: dpkg frontend lock was locked by another process with pid 731";
  const held = (operation: string, contains: string, message = apts) =>
    refuse(
      life,
      {
        service: "machine",
        operation,
        contains,
        status: 100,
        code: "lock",
        message,
      },
      2,
    );
  // Before the installer, and inside it, after it has used the activation.
  await held("dpkg", "--configure", dpkgs);
  await held("apt-get", "gnupg");
  await held("apt", "docker.io");
  const mark = await life.mark();
  expect(await life.site("locked").apply()).toSucceed();
  await expectUp("locked");

  const machine = await machineOf(life, "locked", "node-1");
  const journal = await life.since(mark);
  const runs = (program: string, text: string): Entry[] =>
    journal.filter((entry) => entry.name === program && entry.caller === machine && names(entry, text));
  // Twice while it is locked, then with each of the three runs of apt-get.
  expect(runs("dpkg", "--configure")).toHaveLength(5);
  expect(runs("apt-get", "gnupg")).toHaveLength(3);
  expect(runs("apt", "docker.io")).toHaveLength(3);
  expect(callsOf(journal, "RegisterManagedInstance")).toHaveLength(1);
  expect(await life.cloud.admin.console(machine)).toContain("E: Could not get lock");
  await expectDestroyed("locked");
});

describe("a load balancer", () => {
  const site = () => life.site("entrance");
  const busy = (operation: string) =>
    refuse(
      life,
      {
        service: "digitalocean",
        operation,
        status: 403,
        code: "forbidden",
        message: "Load Balancer can't be updated while it processes previous actions",
      },
      1,
    );

  test("is created by one of two simultaneous runs: the other fails on the state lock, and changes nothing", async () => {
    await hold(life, "digitalocean", "POST /v2/load_balancers", "shop--entrance--web");
    const mark = await life.mark();
    const first = site().apply();
    await awaitCall(life, mark, "POST /v2/load_balancers", "shop--entrance--web");
    const meanwhile = await life.mark();
    const second = await site().apply();
    expect(second.exitCode).toBe(1);
    expect(reasons(second)).toContain("Error acquiring the state lock");
    expect(await life.since(meanwhile)).toEqual([]);
    await life.cloud.admin.clearFaults();
    expect(await first).toSucceed();
    expect(await site().state()).toEqual([
      "digitalocean_firewall.nodes",
      "digitalocean_loadbalancer.web",
      "digitalocean_tag.nodes",
      "null_resource.network",
    ]);
  });

  test("is changed by the next apply when DigitalOcean is still processing an earlier change", async () => {
    life.configure({
      entrance: { ...entrance, loadBalancer: { listeners: [{ protocol: "http", port: 8081 }] } },
    });
    await busy("PUT /v2/load_balancers/{lb_id}");
    const refused = await site().apply();
    expect(refused.exitCode).toBe(1);
    expect(reasons(refused)).toContain(
      "403 Load Balancer can't be updated while it processes previous actions",
    );
    expect(await site().apply()).toSucceed();
    expect(await life.changes("compute-entrance")).toEqual({});
  });

  test("is destroyed by the next run when DigitalOcean is still processing an earlier change", async () => {
    await busy("DELETE /v2/load_balancers/{lb_id}");
    const refused = await site().destroy();
    expect(refused.exitCode).toBe(1);
    expect(reasons(refused)).toContain(
      "403 Load Balancer can't be updated while it processes previous actions",
    );
    expect(await site().destroy()).toSucceed();
    expect(await site().state()).toEqual([]);
  });
});
