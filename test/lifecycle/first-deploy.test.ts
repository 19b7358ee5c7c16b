import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Ended } from "../../demo/command";
import { createAppVersions, imageOf, type Version } from "../support/programs/app-versions";
import { awsClients, findSite, nothing } from "../support/observation/clouds";
import { eventually } from "../support/jest/eventually";
import { callsOf, names } from "../support/observation/journal";
import { startLifeCycles, type LifeCycle } from "../support/deployments/life-cycle";
import { sample } from "../support/deployments/sample-environment";
import { machineOf, nodesOf } from "../support/observation/nodes";
import { loadableSite } from "../support/deployments/site-load";
import { serviceOf } from "../support/observation/services";
import { reasons } from "../support/deployments/terraform-output";

const pair = loadableSite("one", "two");
const filled = { environment: { EMPTY: "", LIST: "b,a" }, exec: true };
const running = (version: Version, more: object = {}) => ({
  services: { web: sample({ image: imageOf(version), ...more }) },
});
const rollout = (site: string) => `null_resource.rollout["${site}"]`;

const versions = createAppVersions();
let broken: LifeCycle;
let late: LifeCycle;
let clients: ReturnType<typeof awsClients>;
let failing: Awaited<ReturnType<typeof deployBroken>>;
let waiting: Awaited<ReturnType<typeof deployLate>>;
let ending: Awaited<ReturnType<typeof loseAgent>>;

beforeAll(async () => {
  [broken, late] = await startLifeCycles(
    {
      name: "first-deploy",
      sites: { pair },
      // About everything that a cloud may give back in another form.
      environment: { tags: { team: "platform" }, ...running("crashing", filled) },
      args: versions.args,
    },
    { name: "first-deploy-late", sites: { other: pair }, environment: { name: "store", ...running("good") } },
  );
  clients = awsClients(broken.cloud);
  await Promise.all(
    [broken.site("pair"), late.site("other")].map(async (site) => mustApply(await site.apply())),
  );
  [failing, waiting] = await Promise.all([deployBroken(), deployLate()]);
  ending = await loseAgent();
}, 900_000);

afterAll(async () => {
  versions.remove();
  clients.ecs.destroy();
  clients.ssm.destroy();
  await broken.stop();
});

function mustApply(ended: Ended): Ended {
  if (ended.exitCode !== 0) {
    throw new Error(reasons(ended));
  }
  return ended;
}

async function callsSince(life: LifeCycle, mark: number): Promise<string[]> {
  const journal = (await life.since(mark)).filter((entry) => names(entry, life.deployment));
  return ["CreateService", "UpdateService", "DeleteService"].flatMap((name) =>
    callsOf(journal, name).map(() => name),
  );
}

/** A first version that crashes, once more the same, and then a good one. */
async function deployBroken() {
  const first = await broken.web.apply();
  const planned = await broken.changes("service-web");
  const mark = await broken.mark();
  const again = await broken.web.apply();
  const retried = await callsSince(broken, mark);
  broken.configure({}, running("good", filled));
  const good = await broken.web.apply();
  const service = await serviceOf(clients.ecs, broken, "pair");
  const stacks = ["control-plane", "activations", "compute-pair", "service-web"];
  const plans: Record<string, object>[] = [];
  for (const stack of stacks) {
    plans.push({ [stack]: await broken.changes(stack) });
  }
  return { first, planned, again, retried, good, service, plans };
}

/** A good version whose roll-out is not waited for long enough at first. */
async function deployLate() {
  const first = await late.web.apply({ TIMEOUT_SECONDS: "0" });
  const planned = await late.changes("service-web");
  const mark = await late.mark();
  const second = await late.web.apply();
  return { first, planned, second, calls: await callsSince(late, mark) };
}

/** A node whose agent is lost, when everything is to go. */
async function loseAgent() {
  await late.cloud.admin.machine(await machineOf(late, "other", "one"), "agent-stop");
  await eventually("the agent is lost", async () =>
    (await nodesOf(late, "other"))("one").connected ? undefined : true,
  );
  const begun = Date.now();
  const service = await late.web.destroy();
  const seconds = (Date.now() - begun) / 1000;
  const site = await late.site("other").destroy();
  return { service, seconds, site, left: await findSite(late.cloud, late.deployment, "other") };
}

describe("a first version that crashes", () => {
  test("fails the deploy, which says how its tasks ended, what they printed and where to read more", () => {
    expect(failing.first.exitCode).toBe(1);
    const said = reasons(failing.first);
    expect(said).toContain(
      "ECS has given up on shop--web--pair:1, and there is no earlier revision to roll back to: ECS deployment circuit breaker: tasks failed to start.",
    );
    expect(said).toMatch(/event: \(service web--pair\) .* deployment failed: tasks failed to start\./);
    expect(said).toMatch(/task \w+ stopped: Essential container in task exited \(app exited with 1\)/);
    expect(said).toContain(": app: Error: DATABASE_URL is not set");
    expect(said).toContain("in log group /ecs/shop/web");
  });

  test("leaves its service as it is, and the next deploy tries once more", () => {
    expect(failing.planned).toEqual({ [rollout("pair")]: "delete, create" });
    expect(failing.again.exitCode).toBe(1);
    expect(reasons(failing.again)).toContain("starting it again");
    expect(failing.retried).toEqual(["UpdateService"]);
  });

  test("gives way to a good one, after which no stack shows a change", () => {
    expect(failing.good).toSucceed();
    expect(failing.good.stdout).toContain("2 of 2 task(s) run shop--web--pair:2, and no other revision");
    expect(failing.service.deployments).toMatchObject([{ rolloutState: "COMPLETED", runningCount: 2 }]);
    expect(failing.plans).toEqual([
      { "control-plane": {} },
      { activations: {} },
      { "compute-pair": {} },
      { "service-web": {} },
    ]);
  });
});

test("a first version that is late fails the deploy, and the next one keeps waiting for the same service", () => {
  expect(waiting.first.exitCode).toBe(1);
  expect(reasons(waiting.first)).toMatch(
    /after 0 s, \d of \d task\(s\) run store--web--other:1 .*If it is only late, run again: the wait continues\./,
  );
  expect(waiting.planned).toEqual({ [rollout("other")]: "delete, create" });
  expect(waiting.second).toSucceed();
  expect(waiting.calls).toEqual([]);
});

test("a node whose agent is lost doesn't hold up a destroy, which says what it did and leaves nothing", () => {
  const { service, seconds, site, left } = ending;
  expect(service).toSucceed();
  expect(service.stdout).toMatch(
    /deregistered other\/one \(\w+\) from ECS by force: its agent is not connected and cannot stop its 1 task\(s\)\./,
  );
  expect(service.stdout).toContain("`npm run deploy -- --replace other/one`");
  expect(service.stdout).not.toContain("deregistered other/two");
  expect(seconds).toBeLessThan(120);
  expect(site).toSucceed();
  expect(left).toEqual(nothing);
});
