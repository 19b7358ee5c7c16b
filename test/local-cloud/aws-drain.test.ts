import { expect, test } from "@jest/globals";
import {
  leastHealthy,
  registerRevision,
  serviceInput,
  createStage,
  stageWithService,
  type Stage,
} from "../support/stages/ecs-stage";

const drain = (stage: Stage, ...indices: number[]): object =>
  stage.call("UpdateContainerInstancesState", {
    cluster: "anywhere",
    containerInstances: indices.map((index) => stage.nodes[index]?.containerInstanceArn),
    status: "DRAINING",
  });

/** How many tasks that have not stopped are on each node. */
const spread = (stage: Stage): number[] =>
  stage.nodes.map(
    ({ containerInstanceArn: arn }) =>
      stage.tasks().filter(({ containerInstanceArn }) => containerInstanceArn === arn).length,
  );

/** A stage with a service whose tasks take no host port, so that a node has room for several. */
const withoutPorts = (nodes: number, input: object): Stage => {
  const stage = createStage();
  registerRevision(stage.call, { portMappings: [] });
  for (let added = 0; added < nodes; added += 1) {
    stage.addNode();
  }
  stage.call("CreateService", serviceInput(input));
  stage.advance(5);
  return stage;
};

test("a drain stops tasks down to the minimum, and the drain of a second node stops none", () => {
  const stage = stageWithService(3, {});

  drain(stage, 0);
  stage.advance(5);
  expect(stage.tasks()).toHaveLength(2);
  drain(stage, 1);
  stage.advance(20);
  expect(stage.tasks()).toHaveLength(2);
});

test("a DAEMON service's task leaves a draining node at once, whatever the minimum", () => {
  const stage = stageWithService(2, {
    schedulingStrategy: "DAEMON",
    desiredCount: undefined,
    deploymentConfiguration: { minimumHealthyPercent: 100 - 1 },
  });
  expect(stage.service().desiredCount).toBe(2);

  drain(stage, 0);
  stage.advance(2);

  expect(stage.tasks().map(({ containerInstanceArn }) => containerInstanceArn)).toEqual([
    stage.nodes[1]?.containerInstanceArn,
  ]);
  expect(stage.service().desiredCount).toBe(1);
});

test("a drain at a minimum of 100 starts each replacement elsewhere before it stops a task", () => {
  const stage = stageWithService(3, {
    desiredCount: 2,
    deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 200 },
  });
  expect(spread(stage)).toEqual([1, 1, 0]);

  drain(stage, 0);

  expect(leastHealthy(stage, 10)).toBe(2);
  expect(spread(stage)).toEqual([0, 1, 1]);
});

test("a drain at a minimum of 100 never ends where a fixed host port leaves no room for a replacement", () => {
  const stage = stageWithService(2, {
    desiredCount: 2,
    deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 200 },
  });

  drain(stage, 0);
  stage.advance(60);

  expect(spread(stage)).toEqual([1, 1]);
  expect(stage.tasks().map(({ desiredStatus }) => desiredStatus)).toEqual(["RUNNING", "RUNNING"]);
});

test("a drain exceeds the desired count by no more than the maximum allows, rounded down", () => {
  const stage = withoutPorts(3, {
    desiredCount: 3,
    deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 150 },
  });
  expect(spread(stage)).toEqual([1, 1, 1]);

  drain(stage, 0, 1);
  const most = { tasks: 0 };
  for (let step = 0; step < 20; step += 1) {
    stage.advance(0.5);
    const running = stage.tasks().filter(({ desiredStatus }) => desiredStatus === "RUNNING");
    most.tasks = Math.max(most.tasks, running.length);
  }

  expect(most.tasks).toBe(4);
  expect(spread(stage)).toEqual([0, 0, 3]);
});

test("a drain at a maximum of 100 stops a task before it starts the replacement", () => {
  const stage = withoutPorts(2, {
    desiredCount: 2,
    deploymentConfiguration: { minimumHealthyPercent: 50, maximumPercent: 100 },
  });

  drain(stage, 0);

  expect(leastHealthy(stage, 10)).toBe(1);
  expect(spread(stage)).toEqual([0, 2]);
});

test("a drain doesn't stop tasks that belong to no service", () => {
  const stage = createStage();
  stage.addNode();
  stage.call("RunTask", { cluster: "anywhere", taskDefinition: "app", launchType: "EXTERNAL" });
  stage.advance(2);

  drain(stage, 0);
  stage.advance(20);

  expect(stage.tasks()).toMatchObject([{ lastStatus: "RUNNING", desiredStatus: "RUNNING" }]);
});

test("a service's task that has not started yet stops at once when its node drains", () => {
  const stage = createStage();
  stage.addNode().run = () => ({ status: "PENDING", health: "UNKNOWN" });
  stage.call(
    "CreateService",
    serviceInput({
      desiredCount: 1,
      deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 200 },
    }),
  );
  stage.advance(2);
  expect(stage.tasks()).toMatchObject([{ lastStatus: "PENDING" }]);

  drain(stage, 0);
  stage.advance(2);

  expect(stage.tasks()).toEqual([]);
});

test.each(["REPLICA", "DAEMON"])(
  "a drain of a node whose agent is lost never ends by itself: its %s task stays RUNNING",
  (schedulingStrategy) => {
    const stage = stageWithService(2, {
      schedulingStrategy,
      desiredCount: schedulingStrategy === "DAEMON" ? undefined : 2,
      deploymentConfiguration: { minimumHealthyPercent: 50, maximumPercent: 100 },
    });
    const [lost] = stage.nodes;
    if (lost === undefined) {
      throw new Error("The stage has no node");
    }
    lost.alive = false;

    drain(stage, 0);
    stage.advance(60);

    expect(spread(stage)).toEqual([1, 1]);
    expect(stage.tasks().map(({ lastStatus }) => lastStatus)).toEqual(["RUNNING", "RUNNING"]);
    stage.call("DeregisterContainerInstance", {
      cluster: "anywhere",
      containerInstance: lost.containerInstanceArn,
      force: true,
    });
    expect(spread(stage)).toEqual([0, 1]);
  },
);

test("a node can be drained and made ACTIVE again, but an INACTIVE or unknown one can't be drained", () => {
  const stage = createStage();
  stage.addNode();
  stage.addNode();
  const [kept = "", gone = ""] = stage.nodes.map(({ containerInstanceArn }) => containerInstanceArn);
  const cluster = "anywhere";
  const update = (status: string, ...containerInstances: string[]) =>
    stage.call("UpdateContainerInstancesState", { cluster, containerInstances, status });
  stage.call("DeregisterContainerInstance", { cluster, containerInstance: gone });

  expect(update("DRAINING", kept, gone, "absent")).toMatchObject({
    containerInstances: [{ containerInstanceArn: kept, status: "DRAINING" }],
    failures: [
      { arn: expect.stringMatching(/\/anywhere\/absent$/), reason: "MISSING" },
      { arn: gone, reason: "INACTIVE" },
    ],
  });
  expect(stage.call("ListContainerInstances", { cluster, status: "DRAINING" })).toMatchObject({
    containerInstanceArns: [kept],
  });
  expect(update("ACTIVE", kept)).toMatchObject({ containerInstances: [{ status: "ACTIVE" }] });
  expect(() => update("INACTIVE", kept)).toThrow("should be one of [ACTIVE,DRAINING]");
  expect(() => update("DRAINING", ...Array<string>(11).fill(kept))).toThrow("at most 10 entries");
});
