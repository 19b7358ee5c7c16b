import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { Ended } from "../../demo/command";
import { loadBalancerIdOf, nothing, type Found } from "../support/observation/clouds";
import { eventually } from "../support/jest/eventually";
import { hold, refuse, type Clear, type Refusal } from "../support/deployments/injection";
import { awaitCall, callsOf, endOfNode, names, wholeEnd } from "../support/observation/journal";
import { lanes } from "../support/jest/lanes";
import { refusals, refuseEach, signIn } from "../support/deployments/clean-up-refusals";
import { startService } from "../support/deployments/node-service";
import { dropletIdOf, dropletSite, nodesOf, type RegisteredNodes } from "../support/observation/nodes";
import { startObservedLife, type ObservedLife } from "../support/deployments/observed-life";
import { startCommand } from "../support/programs/running-command";
import { reasons, said } from "../support/deployments/terraform-output";

jest.setTimeout(600_000);

const phases = ["waiting", "draining", "between"];

/** All nodes of a site. */
const together = `-parallelism=${refusals.length}`;

let life: ObservedLife;

beforeAll(async () => {
  life = await startObservedLife({
    name: "interruption",
    sites: {
      sigint: dropletSite(...phases),
      sigkill: dropletSite(...phases),
      refused: dropletSite(...refusals.map(({ node }) => node)),
      bursts: dropletSite("node-1"),
    },
  });
});

afterAll(() => life.stop());

/** Each site's story is told by itself. */
const story = lanes();

/** Starts a destroy, waits until it is in the middle of something, and ends it with this signal to all of its processes.
 * The function that `arrived` returns clears the faults that have brought it there. */
async function interrupt(
  site: string,
  signal: NodeJS.Signals,
  arrived: (mark: number) => Promise<readonly Clear[]>,
): Promise<Ended> {
  const mark = await life.mark();
  const args = ["destroy", "-auto-approve", "-input=false", "-no-color"];
  const destroy = startCommand(life.site(site).command(...args));
  let clears: readonly Clear[];
  try {
    clears = await arrived(mark);
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
  await Promise.all(clears.map((clear) => clear()));
  return destroy.ended;
}

describe.each([
  ["SIGINT", 1],
  ["SIGKILL", 137],
] as const)("a destroy ended by %s", (signal, exitCode) => {
  const site = signal.toLowerCase();
  let nodes: RegisteredNodes;
  /** The first destroy is ended at the nodes, the second at the droplets. */
  let destroys: Ended[];
  let found: Found;

  beforeAll(
    story(site, async () => {
      expect(await life.site(site).apply()).toSucceed();
      nodes = await nodesOf(life, site);
      await startService(life, { site, node: "draining", lameDuckSeconds: 10, strategy: "DAEMON" });
      const lookUp = `anywhere.site == ${site} and attribute:anywhere.node == waiting`;
      const held = [
        await hold(life, "ecs", "ListContainerInstances", lookUp),
        await hold(life, "ecs", "DeregisterContainerInstance", nodes("between").arn),
      ];
      const first = await interrupt(site, signal, async (mark) => {
        await awaitCall(life, mark, "UpdateContainerInstancesState", nodes("draining").arn);
        // From now on it looks how far the drain is.
        held.push(await hold(life, "ecs", "DescribeContainerInstances", nodes("draining").arn));
        const draining = await life.mark();
        await awaitCall(life, draining, "DescribeContainerInstances", nodes("draining").arn);
        await awaitCall(life, mark, "ListContainerInstances", lookUp);
        await awaitCall(life, mark, "DeregisterContainerInstance", nodes("between").arn);
        return held;
      });
      found = await life.find(site);
      const droplet = await dropletIdOf(life, site, "between");
      const clear = await hold(life, "digitalocean", "DELETE /v2/droplets/{droplet_id}", `"${droplet}"`);
      const second = await interrupt(site, signal, async (mark) => {
        await awaitCall(life, mark, "DELETE /v2/droplets/{droplet_id}", `"${droplet}"`);
        return [clear];
      });
      destroys = [first, second, await life.site(site).destroy()];
    }),
  );

  const status = (node: string) =>
    found.containerInstances.find((instance) => instance.node === node)?.status;
  const isManaged = (node: string) => found.managedInstances.includes(nodes(node).managedInstance);
  const saidNext = (node: string) => said(destroys[1] ?? { stdout: "" }, "deregistration", node);

  test("before the drain leaves the node as it was, and the next one deregisters it", () => {
    expect([status("waiting"), isManaged("waiting")]).toEqual(["ACTIVE", true]);
    expect(saidNext("waiting")).toEqual([
      `draining ${nodes("waiting").id}, 0 task(s)`,
      `deregistered ${nodes("waiting").id} from ECS`,
      `deregistered ${nodes("waiting").managedInstance} from Systems Manager`,
    ]);
  });

  test("while a node drains leaves it draining, and the next one continues", () => {
    expect([status("draining"), isManaged("draining")]).toEqual(["DRAINING", true]);
    expect(saidNext("draining").filter((line) => !line.includes("left after"))).toEqual([
      expect.stringMatching(`^draining ${nodes("draining").id}, [01] task\\(s\\)$`),
      `deregistered ${nodes("draining").id} from ECS`,
      `deregistered ${nodes("draining").managedInstance} from Systems Manager`,
    ]);
  });

  test("between ECS and Systems Manager leaves the node in the latter, where the next one finds it", () => {
    expect([status("between"), isManaged("between")]).toEqual([undefined, true]);
    expect(saidNext("between")).toEqual([
      `deregistered ${nodes("between").managedInstance} from Systems Manager`,
    ]);
  });

  test("leaves every droplet while a node is still registered", () => {
    expect(found.droplets).toEqual(phases.map((node) => `shop--${site}--${node}`).sort());
  });

  test("while droplets are being deleted leaves nothing to do but the guards' check", async () => {
    expect(destroys.map((ended) => ended.exitCode)).toEqual([exitCode, exitCode, 0]);
    const last = destroys[2] ?? { stdout: "" };
    expect(phases.map((node) => said(last, "deregistration", node))).toEqual([[], [], []]);
    expect(said(last, "guard", "between")).toEqual(["nothing is registered"]);
    await life.expectNothing(site);
  });
});

/** No retries of the CLI's own, and a task that no drain ends is soon stopped. */
const waits = { AWS_MAX_ATTEMPTS: "1", STALL_SECONDS: "1" };
const atDigitalOcean = async (site: string) =>
  (await life.site(site).state()).filter((address) => address.startsWith("digitalocean_"));

/** Destroys a site, which must fail and change nothing at DigitalOcean. Returns what a user reads. */
async function expectRefusal(site: string, variables: NodeJS.ProcessEnv): Promise<string> {
  const [droplets, before] = [await life.droplets(site), await atDigitalOcean(site)];
  const mark = await life.mark();
  const ended = await life.site(site).destroy({ ...waits, ...variables }, together);
  expect(ended.exitCode).toBe(1);
  const deleted = (await life.since(mark)).filter(({ name }) => name === "DELETE /v2/droplets/{droplet_id}");
  expect(deleted.filter((entry) => names(entry, ...droplets.map(({ id }) => `"${id}"`)))).toEqual([]);
  expect(await life.droplets(site)).toEqual(droplets);
  expect(await atDigitalOcean(site)).toEqual(before);
  return reasons(ended);
}

describe("a destroy that a cloud refuses", () => {
  const failed = (node: string, reason: string) =>
    `anywhere: deregistration of refused/${node}: FAILED: ${reason}`;
  let read: string;

  beforeAll(
    story("refused", async () => {
      expect(await life.site("refused").apply({}, together)).toSucceed();
      const nodes = await nodesOf(life, "refused");
      await Promise.all(
        refusals
          .filter(({ operation }) => operation === "ListTasks" || operation === "StopTask")
          .map(({ node }) =>
            startService(life, { site: "refused", node, lameDuckSeconds: 1, strategy: "REPLICA" }),
          ),
      );
      const clears = await refuseEach(life, "refused", nodes);
      read = await expectRefusal("refused", {});
      await Promise.all(clears.map((clear) => clear()));
    }),
  );

  test.each(refusals)(
    "stops before the droplet when $service answers $operation with $code",
    ({ node, service, operation, remedy }) => {
      const words = operation.replace(/(?<=.)[A-Z]/g, "-$&").toLowerCase();
      expect(read).toContain(failed(node, `${service} ${words}: ${remedy}`));
    },
  );

  test(
    "fails when DigitalOcean never stops throttling, with the nodes already deregistered",
    story("refused", async () => {
      const droplets = await life.droplets("refused");
      const clears = await Promise.all(
        droplets.map(({ id }) =>
          refuse(life, {
            service: "digitalocean",
            operation: "DELETE /v2/droplets/{droplet_id}",
            contains: `"${id}"`,
            status: 429,
            code: "too_many_requests",
          }),
        ),
      );
      const ended = await life.site("refused").destroy(waits, together);
      expect(ended.exitCode).toBe(1);
      expect(reasons(ended)).toMatch(/Error deleting droplet: DELETE \S+: 429 as a test has it/i);
      expect(await life.find("refused")).toEqual({ ...nothing, droplets: droplets.map(({ name }) => name) });
      await Promise.all(clears.map((clear) => clear()));
    }),
  );

  test(
    "leaves nothing once the last cause is gone",
    story("refused", async () => {
      await life.expectDestroyed("refused", waits);
    }),
  );
});

describe("a destroy", () => {
  beforeAll(
    story("bursts", async () => {
      expect(await life.site("bursts").apply()).toSucceed();
    }),
  );

  const wrongSettings: readonly (readonly [string, NodeJS.ProcessEnv, string])[] = [
    [
      "credentials of another account",
      { AWS_ACCESS_KEY_ID: "999999999999" },
      "wrong account: the credentials belong to account 999999999999, the deployment to 123456789012. Use credentials of 123456789012 and run again.",
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
  ];
  test.each(
    wrongSettings.map(([what, variables, reason]) => ({
      what,
      act: story("bursts", async () => {
        expect(await expectRefusal("bursts", variables)).toContain(
          `anywhere: deregistration of bursts/node-1: FAILED: ${reason}`,
        );
      }),
    })),
  )("stops before the droplet with $what, and says what to do", ({ act }) => act());

  test(
    "survives short bursts of throttling and server errors in both clouds",
    story("bursts", async () => {
      const node = (await nodesOf(life, "bursts"))("node-1");
      const droplet = `"${await dropletIdOf(life, "bursts", "node-1")}"`;
      const balancer = await loadBalancerIdOf(life.cloud, "shop--bursts--web");
      const burst = (
        service: Refusal["service"],
        operation: string,
        contains: string,
        status: number,
        code: string,
      ) => refuse(life, { service, operation, contains, status, code }, 2);
      await burst("ssm", "DescribeInstanceInformation", "bursts/node-1/", 400, "ThrottlingException");
      await burst("ssm", "DeregisterManagedInstance", node.managedInstance, 500, "InternalServerError");
      await burst("ecs", "ListContainerInstances", "anywhere.site == bursts", 500, "ServerException");
      await burst("ecs", "UpdateContainerInstancesState", node.arn, 400, "ThrottlingException");
      await burst("ecs", "DeregisterContainerInstance", node.arn, 503, "ServiceUnavailableException");
      await burst("digitalocean", "DELETE /v2/droplets/{droplet_id}", droplet, 429, "too_many_requests");
      await burst("digitalocean", "DELETE /v2/load_balancers/{lb_id}", balancer, 503, "service_unavailable");
      const mark = await life.mark();
      await life.expectDestroyed("bursts", { AWS_MAX_ATTEMPTS: "1" });
      const journal = await life.since(mark);
      expect(endOfNode(journal, node)).toEqual(wholeEnd);
      const statuses = (operation: string, subject: string) =>
        callsOf(journal, operation)
          .filter((call) => names(call, subject))
          .map(({ status }) => status);
      expect(statuses("DeregisterContainerInstance", node.arn)).toEqual([503, 503, 200]);
      expect(statuses("DELETE /v2/droplets/{droplet_id}", droplet)).toEqual([429, 429, 204]);
      expect(statuses("DELETE /v2/load_balancers/{lb_id}", balancer)).toEqual([503, 503, 204]);
    }),
  );
});
