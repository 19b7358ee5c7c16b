import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  DeregisterContainerInstanceCommand,
  UpdateContainerInstancesStateCommand,
  type Service,
} from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Environment } from "../../config/schema";
import type { Ended } from "../../local-cloud/demo/command";
import type { LoadResult } from "../../local-cloud/load";
import { createAppVersions, imageOf, type Version } from "../support/app-versions";
import { awsClients } from "../support/clouds";
import { eventually } from "../support/eventually";
import { edited } from "../support/exact-edit";
import { startLifeCycle, startNeighbour, type LifeCycle } from "../support/life-cycle";
import { machineOf, nodesOf, raised } from "../support/nodes";
import { activeRevisions, serviceOf, tasksOf } from "../support/services";
import { awaitAnswers, bringUp, loadableSite, readPage, underLoad, type Page } from "../support/site-load";
import { reasons } from "../support/terraform-output";

/** Requests a second: enough to tell a failure from none. */
const rate = 20;
const pair = loadableSite("one", "two");

const versions = createAppVersions();
let crashing: LifeCycle;
let silent: LifeCycle;
let parted: LifeCycle;
let clients: ReturnType<typeof awsClients>;

function running(version: Version, environment: Record<string, string> = {}): Partial<Environment> {
  return { application: { image: { uri: imageOf(version) }, environment } };
}

/** What a deploy under load has come to. */
interface Deploy {
  readonly ended: Ended;
  readonly load: LoadResult;
  readonly service: Service;
  readonly pages: readonly Page[];
}

/** Applies the application as it is configured, and looks at a site. */
async function deploy(life: LifeCycle, site: string): Promise<Deploy> {
  const { loads, result: ended } = await underLoad(life, { [site]: rate }, () => life.application.apply());
  return {
    ended,
    load: loads[site] as LoadResult,
    service: await serviceOf(clients.ecs, life, site),
    pages: await readPage(life, site, 8),
  };
}

/** A bad deploy, and the good one after it. */
interface Story {
  readonly before: string;
  readonly bad: Deploy;
  readonly good: Deploy;
  readonly revisions: readonly string[];
  /** Whether Terraform still keeps a revision that it means to deregister. */
  readonly deposed: boolean;
}

async function tell(
  life: LifeCycle,
  version: Version,
  prepare: () => void = () => undefined,
): Promise<Story> {
  const [before = ""] = await activeRevisions(clients.ecs, life);
  life.configure({}, running(version));
  prepare();
  const bad = await deploy(life, "pair");
  life.configure({}, running("better"));
  const good = await deploy(life, "pair");
  const state = await life.terraform("application", "state", "pull");
  return {
    before,
    bad,
    good,
    revisions: await activeRevisions(clients.ecs, life),
    deposed: state.includes('"deposed"'),
  };
}

let crashed: Story;
let kept: Story;
/** Loads while nodes of the first deployment come and go. */
let drained: LoadResult;
let replaced: LoadResult;
let apart: Awaited<ReturnType<typeof tearApart>>;

beforeAll(async () => {
  const environment = running("good");
  crashing = await startLifeCycle({ name: "rollback", sites: { pair }, environment, args: versions.args });
  clients = awsClients(crashing.cloud);
  [silent, parted] = await Promise.all([
    startNeighbour(crashing, {
      name: "rollback-silent",
      sites: { pair },
      environment: { name: "store", ...environment },
    }),
    startNeighbour(crashing, {
      name: "rollback-parted",
      sites: { near: loadableSite("node"), far: loadableSite("node") },
      environment: { name: "trial", ...environment },
    }),
  ]);
  await Promise.all([
    bringUp(crashing, { pair: 2 }),
    bringUp(silent, { pair: 2 }),
    bringUp(parted, { near: 1, far: 1 }),
  ]);
  [crashed, kept, apart] = await Promise.all([
    tell(crashing, "crashing").then(async (story) => {
      drained = await drainAndReturn();
      replaced = await replaceNode();
      return story;
    }),
    tell(silent, "silent", shortenStart),
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
  const path = join(silent.folderOf("application"), "cdk.tf.json");
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
    await crashing.terraform("control-plane", "apply", "-auto-approve", "-input=false");
    expect(await crashing.site("pair").apply()).toMatchObject({ exitCode: 0 });
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
  const one = await parted.application.apply({}, "-target", 'aws_ecs_service.app["near"]');
  const farAfter = await running1("far");

  const near = await running1("near");
  const machine = await machineOf(parted, "far", "node");
  await parted.cloud.admin.machine(machine, "agent-stop");
  await eventually("the agent is lost", async () =>
    (await nodesOf(parted, "far"))("node").connected ? undefined : true,
  );
  const nearAfter = await running1("near");

  parted.configure({}, running("better", { VERSION: "third" }));
  const override = { resource: { aws_ecs_service: { app: { timeouts: { update: "75s" } } } } };
  writeFileSync(join(parted.folderOf("application"), "timeouts_override.tf.json"), JSON.stringify(override));
  const { loads, result: both } = await underLoad(parted, { far: rate }, () => parted.application.apply());
  const seen = {
    near: { service: await serviceOf(clients.ecs, parted, "near"), pages: await readPage(parted, "near", 2) },
    far: { service: await serviceOf(clients.ecs, parted, "far"), pages: await readPage(parted, "far", 2) },
  };
  await clients.ecs.send(
    new DeregisterContainerInstanceCommand({
      cluster: parted.deployment,
      containerInstance: (await nodesOf(parted, "far"))("node").arn,
      force: true,
    }),
  );
  const again = await parted.application.apply();
  return { one, farBefore, farAfter, near, nearAfter, both, load: loads.far, seen, again };
}

describe.each([
  ["crashes", () => crashed, "shop"],
  ["never turns healthy", () => kept, "store"],
] as const)("a version that %s", (_, story, name) => {
  test("fails the deploy, which names the service and where to look, while the old version serves on", () => {
    const { before, bad } = story();
    expect(bad.ended.exitCode).toBe(1);
    expect(reasons(bad.ended)).toContain(
      `Service app-pair was rolled back to ${before}: its new tasks failed. Read why in the service's events and in log group /ecs/${name}.`,
    );
    expect(bad.load).toMatchObject({ failures: [], failed: 0 });
    expect(new Set(bad.pages.map(({ version }) => version))).toEqual(new Set(["good"]));
    expect(bad.service.taskDefinition).toBe(before);
    expect(bad.service.deployments).toMatchObject([{ taskDefinition: before, rolloutState: "COMPLETED" }]);
  });

  test("leaves nothing behind once the next good one is deployed, without a failed request", () => {
    const { good, revisions, deposed } = story();
    expect(good.ended).toMatchObject({ exitCode: 0 });
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

test("a node that is drained, and taken back, fails no request", () => {
  expect(drained).toMatchObject({ failures: [], failed: 0 });
});

test("a node that is replaced fails no request", () => {
  expect(replaced).toMatchObject({ failures: [], failed: 0 });
});

describe("of two sites", () => {
  test("an update of the one leaves the other's tasks alone", () => {
    expect(apart.one).toMatchObject({ exitCode: 0 });
    expect(apart.farBefore).toHaveLength(1);
    expect(apart.farAfter).toEqual(apart.farBefore);
  });

  test("a lost agent of the one leaves the other's tasks alone", () => {
    expect(apart.near).toHaveLength(1);
    expect(apart.nearAfter).toEqual(apart.near);
  });

  test("a lost agent holds up its own site's update only, and the deploy fails after its time", () => {
    const { both, seen, load } = apart;
    expect(both.exitCode).toBe(1);
    expect(reasons(both)).toContain('with aws_ecs_service.app["far"]');
    expect(reasons(both)).not.toContain('with aws_ecs_service.app["near"]');
    expect(seen.near.service.deployments).toMatchObject([{ rolloutState: "COMPLETED" }]);
    expect(seen.near.pages).toMatchObject([{ version: "third" }, { version: "third" }]);
    expect(seen.far.service.deployments?.[0]).toMatchObject({ rolloutState: "IN_PROGRESS" });
    expect(seen.far.pages).toMatchObject([{ version: "good" }, { version: "good" }]);
    expect(load).toMatchObject({ failures: [], failed: 0 });
  });

  test("an update ends once the lost node is deregistered", () => {
    expect(apart.again).toMatchObject({ exitCode: 0 });
  });
});
