import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { Ended } from "../../local-cloud/demo/command";
import { findSite, listDroplets, nothing, type Found } from "../support/clouds";
import { eventually } from "../support/eventually";
import { awaitCall, callsOf, endOfNode } from "../support/journal";
import { hold, refuse } from "../support/injection";
import { startLifeCycle, type LifeCycle } from "../support/life-cycle";
import { startService } from "../support/node-service";
import { dropletIdOf, dropletSite, nodesOf, type RegisteredNodes } from "../support/nodes";
import { startCommand } from "../support/running-command";
import { reasons, said } from "../support/terraform-output";

jest.setTimeout(600_000);

const inOrder = ["UpdateContainerInstancesState", "DeregisterContainerInstance", "DeregisterManagedInstance"];
const phases = ["waiting", "draining", "between"];

let life: LifeCycle;

beforeAll(async () => {
  life = await startLifeCycle({
    name: "interruption",
    sites: {
      sigint: dropletSite(...phases),
      sigkill: dropletSite(...phases),
      refused: dropletSite("node-1"),
      bursts: dropletSite("node-1"),
    },
  });
});

afterEach(() => life.cloud.admin.clearFaults());

afterAll(() => life.stop());

async function expectNothing(site: string): Promise<void> {
  expect(await findSite(life.cloud, life.deployment, site)).toEqual(nothing);
  expect(await life.site(site).state()).toEqual([]);
}

/** Starts a destroy, waits until it is in the middle of something, and ends it with this signal to all of its processes. */
async function interrupt(
  site: string,
  signal: NodeJS.Signals,
  arrived: (mark: number) => Promise<unknown>,
): Promise<Ended> {
  const mark = await life.mark();
  const args = ["destroy", "-auto-approve", "-input=false", "-no-color"];
  const destroy = startCommand(life.site(site).command(...args));
  try {
    await arrived(mark);
  } catch (error) {
    destroy.signal("SIGKILL");
    throw error;
  }
  destroy.signal(signal);
  if (signal === "SIGINT") {
    await eventually("Terraform has noticed", () =>
      Promise.resolve(destroy.printed().includes("Stopping operation") || undefined),
    );
  }
  await life.cloud.admin.clearFaults();
  return destroy.ended;
}

describe.each([
  ["SIGINT", 1],
  ["SIGKILL", 137],
] as const)("a destroy that %s ends", (signal, exitCode) => {
  const site = signal.toLowerCase();
  let nodes: RegisteredNodes;
  /** The first destroy is ended at the nodes, the second at the droplets. */
  let destroys: Ended[];
  let found: Found;

  beforeAll(async () => {
    expect(await life.site(site).apply()).toMatchObject({ exitCode: 0 });
    nodes = await nodesOf(life, site);
    await startService(life, { site, node: "draining", lameDuckSeconds: 10, strategy: "DAEMON" });
    await hold(life, "ecs", "ListContainerInstances", "anywhere.node == waiting");
    await hold(life, "ecs", "DeregisterContainerInstance", nodes("between").arn);
    const first = await interrupt(site, signal, async (mark) => {
      await awaitCall(life, mark, "UpdateContainerInstancesState", nodes("draining").arn);
      // From now on it looks how far the drain is.
      await hold(life, "ecs", "DescribeContainerInstances", nodes("draining").arn);
      const draining = await life.mark();
      await awaitCall(life, draining, "DescribeContainerInstances", nodes("draining").arn);
      await awaitCall(life, mark, "ListContainerInstances", "anywhere.node == waiting");
      await awaitCall(life, mark, "DeregisterContainerInstance", nodes("between").arn);
    });
    found = await findSite(life.cloud, life.deployment, site);
    const droplet = await dropletIdOf(life, site, "between");
    await hold(life, "digitalocean", "DELETE /v2/droplets/{droplet_id}", droplet);
    const second = await interrupt(site, signal, (mark) =>
      awaitCall(life, mark, "DELETE /v2/droplets/{droplet_id}", droplet),
    );
    destroys = [first, second, await life.site(site).destroy()];
  });

  const status = (node: string) =>
    found.containerInstances.find((instance) => instance.node === node)?.status;
  const isManaged = (node: string) => found.managedInstances.includes(nodes(node).managedInstance);
  const saidNext = (node: string) => said(destroys[1] ?? { stdout: "" }, "deregistration", node);

  test("before the drain leaves the node as it was, and the next one takes it out", () => {
    expect([status("waiting"), isManaged("waiting")]).toEqual(["ACTIVE", true]);
    expect(saidNext("waiting")).toEqual([
      `draining ${nodes("waiting").id}, 0 task(s)`,
      `deregistered ${nodes("waiting").id} from ECS`,
      `deregistered ${nodes("waiting").managedInstance} from Systems Manager`,
    ]);
  });

  test("while it drains leaves it draining, and the next one goes on with that", () => {
    expect([status("draining"), isManaged("draining")]).toEqual(["DRAINING", true]);
    expect(saidNext("draining").filter((line) => !line.includes("left after"))).toEqual([
      expect.stringMatching(`^draining ${nodes("draining").id}, [01] task\\(s\\)$`),
      `deregistered ${nodes("draining").id} from ECS`,
      `deregistered ${nodes("draining").managedInstance} from Systems Manager`,
    ]);
  });

  test("between ECS and Systems Manager leaves it in the latter, where the next one finds it", () => {
    expect([status("between"), isManaged("between")]).toEqual([undefined, true]);
    expect(saidNext("between")).toEqual([
      `deregistered ${nodes("between").managedInstance} from Systems Manager`,
    ]);
  });

  test("leaves every droplet, as long as one node is still registered", () => {
    expect(found.droplets).toEqual(phases.map((node) => `shop-${site}-${node}`).sort());
  });

  test("while droplets are being deleted leaves nothing to do but the guards' look", async () => {
    expect(destroys.map((ended) => ended.exitCode)).toEqual([exitCode, exitCode, 0]);
    const last = destroys[2] ?? { stdout: "" };
    expect(phases.map((node) => said(last, "deregistration", node))).toEqual([[], [], []]);
    expect(said(last, "guard", "between")).toEqual(["nothing is registered"]);
    await expectNothing(site);
  });
});

describe("a destroy that a cloud refuses", () => {
  const allow = "access denied. Allow the caller this action and run again.";
  const signIn = "no valid credentials: missing, expired or not accepted. Sign in again and run again.";
  const slowDown = "still throttled after 4 rounds of retries. Wait a few minutes and run again.";
  const wait = "AWS keeps failing. Wait a few minutes, see the AWS Health Dashboard, and run again.";
  const refused = () => life.site("refused");
  // A task that no drain ends, so that every call of the clean-up is made; and no retries of the CLI's own.
  const waits = { STALL_SECONDS: "1", AWS_MAX_ATTEMPTS: "1" };

  beforeAll(async () => {
    expect(await refused().apply()).toMatchObject({ exitCode: 0 });
    await startService(life, { site: "refused", node: "node-1", lameDuckSeconds: 1, strategy: "REPLICA" });
  });

  /** Destroys with these variables: it must fail for this reason, and have deleted nothing at DigitalOcean. */
  async function expectRefusal(reason: string, variables: NodeJS.ProcessEnv = {}): Promise<void> {
    const mark = await life.mark();
    const ended = await refused().destroy({ ...waits, ...variables });
    expect(ended.exitCode).toBe(1);
    expect(reasons(ended)).toContain(`anywhere: deregistration of refused/node-1: FAILED: ${reason}`);
    expect((await life.since(mark)).filter(({ name }) => name.startsWith("DELETE "))).toEqual([]);
    expect(await listDroplets(life.cloud, "shop-refused-")).toHaveLength(1);
  }

  test.each([
    [
      "credentials of another account",
      { AWS_ACCESS_KEY_ID: "999999999999" },
      "wrong account: the credentials belong to account 999999999999, the node to 123456789012. Nothing was changed. Use credentials of 123456789012 and run again.",
    ],
    [
      "an endpoint that is unreachable",
      { AWS_ENDPOINT_URL: "http://127.0.0.1:1" },
      "sts get-caller-identity: the endpoint of eu-west-1 is unreachable. Check network, proxy and region, and run again.",
    ],
    [
      "no credentials",
      { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined },
      `sts get-caller-identity: ${signIn}`,
    ],
  ])("stops before the droplet with %s, and says what to do", (_, variables, reason) =>
    expectRefusal(reason, variables),
  );

  // In the order of the clean-up: each run gets as far as the next call.
  test.each([
    ["ssm", "DescribeInstanceInformation", "ExpiredTokenException", signIn],
    ["ssm", "DescribeInstanceInformation", "ThrottlingException", slowDown],
    ["ssm", "DescribeInstanceInformation", "AccessDeniedException", allow],
    ["ecs", "ListContainerInstances", "ServerException", wait],
    ["ecs", "ListContainerInstances", "AccessDeniedException", allow],
    ["ecs", "DescribeContainerInstances", "AccessDeniedException", allow],
    ["ecs", "UpdateContainerInstancesState", "AccessDeniedException", allow],
    ["ecs", "ListTasks", "AccessDeniedException", allow],
    ["ecs", "StopTask", "AccessDeniedException", allow],
    ["ecs", "DeregisterContainerInstance", "AccessDeniedException", allow],
    ["ssm", "DeregisterManagedInstance", "AccessDeniedException", allow],
  ] as const)(
    "stops before the droplet when %s answers %s with %s",
    async (service, operation, code, remedy) => {
      const status = code === "ServerException" ? 500 : 400;
      await refuse(life, { service, operation, status, code });
      const words = operation.replace(/(?<=.)[A-Z]/g, "-$&").toLowerCase();
      await expectRefusal(`${service} ${words}: ${remedy}`);
    },
  );

  test("fails when DigitalOcean never stops throttling, the node's registrations ended", async () => {
    await refuse(life, {
      service: "digitalocean",
      operation: "DELETE /v2/droplets/{droplet_id}",
      status: 429,
      code: "too_many_requests",
    });
    const ended = await refused().destroy(waits);
    expect(ended.exitCode).toBe(1);
    expect(reasons(ended)).toMatch(/Error deleting droplet: DELETE \S+: 429 as a test has it/i);
    expect(await findSite(life.cloud, life.deployment, "refused")).toEqual({
      ...nothing,
      droplets: ["shop-refused-node-1"],
    });
  });

  test("leaves nothing once the last cause is gone", async () => {
    expect(await refused().destroy(waits)).toMatchObject({ exitCode: 0 });
    await expectNothing("refused");
  });
});

test("bursts of throttling and of server errors that end, in both clouds, don't stop a destroy", async () => {
  const bursts = life.site("bursts");
  expect(await bursts.apply()).toMatchObject({ exitCode: 0 });
  const node = (await nodesOf(life, "bursts"))("node-1");
  const droplet = await dropletIdOf(life, "bursts", "node-1");
  const burst = (service: "ssm" | "ecs" | "digitalocean", operation: string, status: number, code: string) =>
    refuse(life, { service, operation, status, code }, 2);
  await burst("ssm", "DescribeInstanceInformation", 400, "ThrottlingException");
  await burst("ssm", "DeregisterManagedInstance", 500, "InternalServerError");
  await burst("ecs", "ListContainerInstances", 500, "ServerException");
  await burst("ecs", "UpdateContainerInstancesState", 400, "ThrottlingException");
  await burst("ecs", "DeregisterContainerInstance", 503, "ServiceUnavailableException");
  await burst("digitalocean", "DELETE /v2/droplets/{droplet_id}", 429, "too_many_requests");
  await burst("digitalocean", "DELETE /v2/load_balancers/{lb_id}", 503, "service_unavailable");
  const mark = await life.mark();
  const ended = await bursts.destroy({ AWS_MAX_ATTEMPTS: "1" });
  expect(ended.exitCode).toBe(0);
  const journal = await life.since(mark);
  expect(endOfNode(journal, node)).toEqual(inOrder);
  expect(callsOf(journal, "DeregisterContainerInstance").map(({ status }) => status)).toEqual([
    503, 503, 200,
  ]);
  expect(
    callsOf(journal, "DELETE /v2/droplets/{droplet_id}").map(({ status, detail }) => [
      status,
      detail["droplet_id"],
    ]),
  ).toEqual([429, 429, 204].map((status) => [status, droplet]));
  await expectNothing("bursts");
});
