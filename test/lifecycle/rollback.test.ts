import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UpdateContainerInstancesStateCommand, type Service } from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { LoadResult } from "../../local-cloud/load/load";
import type { Entry } from "../../local-cloud/world";
import { createAppVersions } from "../support/programs/app-versions";
import { rate, running, tell, type Story } from "../support/deployments/bad-deploy";
import { awsClients } from "../support/observation/clouds";
import { eventually } from "../support/jest/eventually";
import { edited } from "../support/files/exact-edit";
import { names } from "../support/observation/journal";
import { startLifeCycles, type LifeCycle } from "../support/deployments/life-cycle";
import { machineOf, nodesOf, raised } from "../support/observation/nodes";
import { serviceOf, tasksOf } from "../support/observation/services";
import { awaitAnswers, bringUp, loadableSite, readPage, underLoad } from "../support/deployments/site-load";
import { reasons } from "../support/deployments/terraform-output";

const pair = loadableSite("one", "two");
const far = loadableSite("node");

const versions = createAppVersions();
let crashing: LifeCycle;
let silent: LifeCycle;
let parted: LifeCycle;
let clients: ReturnType<typeof awsClients>;

const revisionOf = (arn: string) => arn.split("/").at(-1) ?? "";

let crashed: Story;
let kept: Story;
/** Loads while nodes of the first deployment come and go. */
let drained: LoadResult;
let replaced: LoadResult;
let apart: Awaited<ReturnType<typeof tearApart>>;

beforeAll(async () => {
  const environment = running("good");
  [crashing, silent, parted] = await startLifeCycles(
    { name: "rollback", sites: { pair }, environment, args: versions.args },
    { name: "rollback-silent", sites: { pair }, environment: { name: "store", ...environment } },
    {
      name: "rollback-parted",
      sites: { near: loadableSite("node"), far },
      environment: { name: "trial", ...environment },
    },
  );
  clients = awsClients(crashing.cloud);
  await Promise.all([
    bringUp(crashing, { pair: 2 }),
    bringUp(silent, { pair: 2 }),
    bringUp(parted, { near: 1, far: 1 }),
  ]);
  [crashed, kept, apart] = await Promise.all([
    tell(clients.ecs, crashing, "crashing").then(async (story) => {
      drained = await drainAndReturn();
      replaced = await replaceNode();
      return story;
    }),
    tell(clients.ecs, silent, "silent", shortenStart),
    tearApart(),
  ]);
}, 1_200_000);

afterAll(async () => {
  versions.remove();
  clients.ecs.destroy();
  clients.ssm.destroy();
  await crashing.stop();
});

/** A container that may take a minute to start is given up after four; a test has less time. */
function shortenStart(): void {
  const path = join(silent.folderOf("service-web"), "cdk.tf.json");
  const edit = { from: '\\"startPeriod\\":72', to: '\\"startPeriod\\":15' };
  writeFileSync(path, edited(readFileSync(path, "utf8"), [edit]));
}

async function drainAndReturn(): Promise<LoadResult> {
  const one = (await nodesOf(crashing, "pair"))("one");
  const set = (status: "ACTIVE" | "DRAINING") =>
    clients.ecs.send(
      new UpdateContainerInstancesStateCommand({
        cluster: crashing.deployment,
        containerInstances: [one.arn],
        status,
      }),
    );
  const { loads } = await underLoad(crashing, { pair: rate }, async () => {
    await set("DRAINING");
    await eventually("the drained node's task has stopped", async () => {
      const tasks = await tasksOf(clients.ecs, crashing, "pair", "STOPPED");
      const [last] = tasks.filter(({ containerInstanceArn }) => containerInstanceArn === one.arn).slice(-1);
      return last?.lastStatus === "STOPPED" ? true : undefined;
    });
    await set("ACTIVE");
    await awaitAnswers(crashing, "pair", 2);
  });
  return loads.pair;
}

async function replaceNode(): Promise<LoadResult> {
  crashing.configure({ pair: raised(pair, "one") });
  const { loads } = await underLoad(crashing, { pair: rate }, async () => {
    await crashing.deployActivations();
    expect(await crashing.site("pair").apply()).toSucceed();
    await awaitAnswers(crashing, "pair", 2);
  });
  return loads.pair;
}

/** Updates one of two sites; then the other's agent gets lost, and both are to be updated. */
async function tearApart() {
  const running1 = async (site: string) =>
    (await tasksOf(clients.ecs, parted, site, "RUNNING")).map(({ taskArn }) => taskArn);
  const farBefore = await running1("far");
  parted.configure({}, running("better"));
  const one = await parted.web.apply({}, "-target", 'aws_ecs_service.service["near"]');
  const farAfter = await running1("far");
  await eventually("the one site runs the new version", async () => {
    const { deployments = [] } = await serviceOf(clients.ecs, parted, "near");
    return (deployments.length === 1 && deployments[0]?.rolloutState === "COMPLETED") || undefined;
  });

  const near = await running1("near");
  const machine = await machineOf(parted, "far", "node");
  await parted.cloud.admin.machine(machine, "agent-stop");
  await eventually("the agent is lost", async () =>
    (await nodesOf(parted, "far"))("node").connected ? undefined : true,
  );
  const nearAfter = await running1("near");

  parted.configure({}, running("better", { VERSION: "third" }));
  const { loads, result: both } = await underLoad(parted, { far: rate }, () =>
    parted.web.apply({ TIMEOUT_SECONDS: "75" }),
  );
  const seen = {
    near: { service: await serviceOf(clients.ecs, parted, "near"), pages: await readPage(parted, "near", 2) },
    far: { service: await serviceOf(clients.ecs, parted, "far"), pages: await readPage(parted, "far", 2) },
  };
  parted.configure({ far: raised(far, "node") });
  await parted.deployActivations();
  expect(await parted.site("far").apply()).toSucceed();
  const again = await parted.web.apply();
  return { one, farBefore, farAfter, near, nearAfter, both, load: loads.far, seen, again };
}

describe.each([
  ["crashes", () => crashed, "shop", /Essential container in task exited \(app exited with 1\)/],
  ["never turns healthy", () => kept, "store", /Task failed container health checks/],
] as const)("a version that %s", (_, story, name, end) => {
  test("fails the deploy, which names the service and where to look, while the old version keeps serving", () => {
    const { before, bad } = story();
    expect(bad.ended.exitCode).toBe(1);
    const said = reasons(bad.ended);
    expect(said).toContain(`web--pair was rolled back to ${revisionOf(before)}`);
    expect(said).toContain(`Read above, and in log group /ecs/${name}/web, why its tasks failed`);
    expect(said).toMatch(end);
    expect(bad.load).toMatchObject({ failures: [], failed: 0 });
    expect(new Set(bad.pages.map(({ version }) => version))).toEqual(new Set(["good"]));
    expect(bad.service.taskDefinition).toBe(before);
    expect(bad.service.deployments).toMatchObject([{ taskDefinition: before, rolloutState: "COMPLETED" }]);
  });

  test("keeps the old revision, and the next plan shows that the new one doesn't run", () => {
    const { before, kept, planned } = story();
    expect(kept).toHaveLength(2);
    expect(kept).toContain(before);
    expect(planned).toEqual({
      'aws_ecs_task_definition.task["pair"]': "delete",
      'aws_ecs_service.service["pair"]': "update",
      'null_resource.rollout["pair"]': "delete, create",
    });
  });

  test("has its predecessor deregistered only when the next good one is rolled out", () => {
    const { before, journal } = story();
    const position = (found: (entry: Entry) => boolean) => journal.findLastIndex(found);
    const looked = position(
      (entry) =>
        entry.name === "DescribeServices" &&
        entry.caller?.startsWith("aws-cli/") === true &&
        names(entry, name),
    );
    const gone = position((entry) => entry.name === "DeregisterTaskDefinition" && names(entry, before));
    expect(looked).toBeGreaterThan(0);
    expect(gone).toBeGreaterThan(looked);
  });

  test("leaves nothing behind once the next good one is deployed, without a failed request", () => {
    const { good, revisions, deposed } = story();
    expect(good.ended).toSucceed();
    expect(good.load).toMatchObject({ failures: [], failed: 0 });
    expect(new Set(good.pages.map(({ version }) => version))).toEqual(new Set(["better"]));
    expect(revisions).toEqual([good.service.taskDefinition]);
    expect(deposed).toBe(false);
  });
});

test("the events of a service say why its tasks have failed", async () => {
  const messages = (service: Service) => (service.events ?? []).map(({ message = "" }) => message);
  for (const { bad } of [crashed, kept]) {
    expect(messages(bad.service)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/ deployment failed: tasks failed to start\.$/),
        expect.stringMatching(/ rolling back to deployment ecs-svc\/\d+\.$/),
      ]),
    );
  }
  const stopped = await Promise.all(
    [crashing, silent].map((life) => tasksOf(clients.ecs, life, "pair", "STOPPED")),
  );
  const reasonsOf = stopped.map((tasks) => new Set(tasks.map(({ stoppedReason }) => stoppedReason)));
  expect(reasonsOf[0]).toContain("Essential container in task exited");
  expect(reasonsOf[1]).toContain("Task failed container health checks");
});

test("draining a node and returning it to service fails no request", () => {
  expect(drained).toMatchObject({ failures: [], failed: 0 });
});

test("replacing a node fails no request", () => {
  expect(replaced).toMatchObject({ failures: [], failed: 0 });
});

describe("with two sites,", () => {
  test("an update of one leaves the other's tasks alone", () => {
    expect(apart.one).toSucceed();
    expect(apart.farBefore).toHaveLength(1);
    expect(apart.farAfter).toEqual(apart.farBefore);
  });

  test("a lost agent at one leaves the other's tasks alone", () => {
    expect(apart.near).toHaveLength(1);
    expect(apart.nearAfter).toEqual(apart.near);
  });

  test("a lost agent holds up only its own site's update, and the deploy fails after its timeout", () => {
    const { both, seen, load } = apart;
    expect(both.exitCode).toBe(1);
    expect(reasons(both)).toContain('with null_resource.rollout["far"]');
    expect(reasons(both)).toContain("A disconnected agent holds it up: node.");
    expect(reasons(both)).toContain("`npm run deploy -- --replace far/node`");
    expect(reasons(both)).not.toContain('with null_resource.rollout["near"]');
    expect(seen.near.service.deployments).toMatchObject([{ rolloutState: "COMPLETED" }]);
    expect(seen.near.pages).toMatchObject([{ version: "third" }, { version: "third" }]);
    expect(seen.far.service.deployments?.[0]).toMatchObject({ rolloutState: "IN_PROGRESS" });
    expect(seen.far.pages).toMatchObject([{ version: "good" }, { version: "good" }]);
    expect(load).toMatchObject({ failures: [], failed: 0 });
  });

  test("an update completes once the lost node is replaced", () => {
    expect(apart.again).toSucceed();
  });
});
