import type { ListServiceDeploymentsResponse } from "@aws-sdk/client-ecs";
import { expect, test } from "@jest/globals";
import { failureThreshold } from "../../local-cloud/aws/ecs/services/rollout";
import {
  createStage,
  leastHealthy,
  registerRevision,
  serviceInput,
  stageWithService,
  type Stage,
} from "../support/stages/ecs-stage";

const rollouts = ({ deployments }: ReturnType<Stage["service"]>) =>
  deployments.map(({ status, rolloutState }) => `${status} ${rolloutState}`);

test("a REPLICA service puts one task with a fixed host port on each instance and becomes steady", () => {
  const stage = stageWithService(3, {});

  expect(new Set(stage.tasks().map(({ containerInstanceArn }) => containerInstanceArn)).size).toBe(3);
  expect(rollouts(stage.service())).toEqual(["PRIMARY COMPLETED"]);
  expect(stage.service().events[0]?.message).toBe("(service app) has reached a steady state.");
});

test("a rolling update keeps the minimum, rounded up, healthy", () => {
  const stage = stageWithService(3, {});
  registerRevision(stage.call);
  stage.call("UpdateService", { cluster: "anywhere", service: "app", taskDefinition: "app:2" });

  expect(leastHealthy(stage, 10)).toBe(2);
  expect(rollouts(stage.service())).toEqual(["PRIMARY COMPLETED"]);
  expect(stage.tasks().every(({ taskDefinitionArn }) => taskDefinitionArn.endsWith("app:2"))).toBe(true);
});

test("a service without enough room reports the closest instance and what it lacks", () => {
  const stage = stageWithService(2, {});

  expect(stage.tasks()).toHaveLength(2);
  expect(rollouts(stage.service())).toEqual(["PRIMARY IN_PROGRESS"]);
  const events = stage.service().events.filter(({ message }) => message.includes("unable to place a task"));
  expect(events).toHaveLength(1);
  expect(events[0]?.message).toMatch(
    /\(container-instance [0-9a-f]{32}\) is already using a port required by your task\./,
  );
});

const daemon = { schedulingStrategy: "DAEMON", desiredCount: undefined };

test("a new DAEMON service has a desired count of 0 for a while, and its roll-out is in progress", () => {
  const stage = createStage();
  stage.addNode();
  stage.call("CreateService", serviceInput(daemon));
  const seen = () => {
    const { services } = stage.call("DescribeServices", { cluster: "anywhere", services: ["app"] }) as {
      services: object[];
    };
    return services[0];
  };
  const nothingYet = {
    desiredCount: 0,
    runningCount: 0,
    pendingCount: 0,
    deployments: [{ status: "PRIMARY", rolloutState: "IN_PROGRESS", desiredCount: 0 }],
  };
  expect(seen()).toMatchObject(nothingYet);
  stage.advance(2);
  expect(seen()).toMatchObject(nothingYet);
  stage.advance(4);
  expect(seen()).toMatchObject({
    desiredCount: 1,
    runningCount: 1,
    deployments: [{ rolloutState: "COMPLETED", desiredCount: 1 }],
  });
});

test("a DAEMON service without instances has a desired count of 0, and is steady", () => {
  const stage = createStage();
  stage.call("CreateService", serviceInput(daemon));
  stage.advance(4);
  expect(rollouts(stage.service())).toEqual(["PRIMARY COMPLETED"]);
  expect(stage.service().desiredCount).toBe(0);
});

test("a DAEMON service runs only on instances that satisfy its constraint, new ones included", () => {
  const stage = stageWithService(1, {
    ...daemon,
    deploymentConfiguration: {},
    placementConstraints: [{ type: "memberOf", expression: "attribute:site == ams3" }],
  });
  stage.addNode({ site: "fra1" });
  const added = stage.addNode({ site: "ams3" });
  stage.advance(3);

  expect(stage.tasks().map(({ containerInstanceArn }) => containerInstanceArn)).toEqual([
    stage.nodes[0]?.containerInstanceArn,
    added.containerInstanceArn,
  ]);
});

test("a deployment whose tasks keep failing is rolled back to the last completed one", () => {
  const stage = stageWithService(3, {});
  const [completed] = stage.service().deployments;
  registerRevision(stage.call);
  for (const node of stage.nodes) {
    node.run = ({ revision }) =>
      revision === 2
        ? { status: "STOPPED", health: "UNKNOWN", reason: "CannotPullContainerError: not found" }
        : { status: "RUNNING", health: "HEALTHY" };
  }
  stage.call("UpdateService", { cluster: "anywhere", service: "app", taskDefinition: "app:2" });

  expect(leastHealthy(stage, 15)).toBe(2);
  const service = stage.service();
  expect(service.deployments).toHaveLength(1);
  expect(service.deployments[0]).toMatchObject({
    id: completed?.id,
    rolloutState: "COMPLETED",
    rolloutStateReason: `ECS deployment circuit breaker: rolling back to deploymentId ${String(completed?.id)}.`,
  });
  expect(service.taskDefinitionArn).toMatch(/app:1$/);
  expect(service.serviceDeployments.map(({ status }) => status)).toEqual([
    "ROLLBACK_SUCCESSFUL",
    "SUCCESSFUL",
  ]);
  expect(stage.tasks()).toHaveLength(3);

  const failed = { cluster: "anywhere", service: "app", status: ["ROLLBACK_SUCCESSFUL"] };
  const { serviceDeployments } = stage.call(
    "ListServiceDeployments",
    failed,
  ) as ListServiceDeploymentsResponse;
  const arn = serviceDeployments?.[0]?.targetServiceRevisionArn ?? "";
  expect(stage.call("DescribeServiceRevisions", { serviceRevisionArns: [arn, "arn:other"] })).toMatchObject({
    serviceRevisions: [{ serviceRevisionArn: arn, taskDefinition: expect.stringMatching(/app:2$/) }],
    failures: [{ arn: "arn:other", reason: "MISSING" }],
  });
  expect(() =>
    stage.call("DescribeServiceRevisions", { serviceRevisionArns: Array<string>(21).fill(arn) }),
  ).toThrow("At most 20 service revisions can be described.");
});

test("a first deployment whose tasks keep failing ends as FAILED and starts no more of them", () => {
  const stage = createStage();
  stage.addNode().run = () => ({ status: "STOPPED", health: "UNKNOWN", exitCode: 1 });
  stage.call("CreateService", serviceInput({ desiredCount: 1 }));
  stage.advance(20);

  expect(rollouts(stage.service())).toEqual(["PRIMARY FAILED"]);
  expect(stage.world.aws.tasks.size).toBe(3);
  expect([...stage.world.aws.tasks.values()][0]).toMatchObject({
    stopCode: "EssentialContainerExited",
    stoppedReason: "Essential container in task exited",
    containers: [{ exitCode: 1 }],
  });
});

test("a task whose health check fails is replaced", () => {
  const stage = stageWithService(1, { desiredCount: 1 });
  const [first] = stage.tasks();
  const [node] = stage.nodes;
  if (node === undefined) {
    throw new Error("The stage has no node");
  }
  node.run = ({ taskArn }) => ({
    status: "RUNNING",
    health: taskArn === first?.arn ? "UNHEALTHY" : "HEALTHY",
  });
  stage.advance(5);

  expect(first?.stoppedReason).toBe("Task failed container health checks");
  expect(stage.tasks()).toMatchObject([{ lastStatus: "RUNNING", health: "HEALTHY" }]);
  expect(stage.tasks()[0]?.arn).not.toBe(first?.arn);
});

test("a lost agent's tasks stay RUNNING and HEALTHY and hold up a roll-out until a forced deregistration", () => {
  const stage = stageWithService(3, {});
  const [lost] = stage.nodes;
  if (lost === undefined) {
    throw new Error("The stage has no node");
  }
  lost.alive = false;
  stage.advance(30);
  expect(stage.tasks().map(({ lastStatus, health }) => `${lastStatus} ${health}`)).toEqual(
    Array(3).fill("RUNNING HEALTHY"),
  );

  registerRevision(stage.call);
  stage.call("UpdateService", {
    cluster: "anywhere",
    service: "app",
    taskDefinition: "app:2",
    desiredCount: 2,
    deploymentConfiguration: { minimumHealthyPercent: 50 },
  });
  stage.advance(30);
  expect(stage.service().deployments[0]?.rolloutState).toBe("IN_PROGRESS");

  const one = { cluster: "anywhere", containerInstance: lost.containerInstanceArn };
  expect(() => stage.call("DeregisterContainerInstance", one)).toThrow(
    "Found running tasks on the instance.",
  );
  stage.call("DeregisterContainerInstance", { ...one, force: true });
  stage.advance(10);
  expect(rollouts(stage.service())).toEqual(["PRIMARY COMPLETED"]);
});

test("a task that its agent no longer knows is stopped and replaced", () => {
  const stage = stageWithService(1, { desiredCount: 1 });
  const [first] = stage.tasks();
  const [node] = stage.nodes;
  if (node === undefined || first === undefined) {
    throw new Error("The stage has no node or task");
  }
  const replacement = { ...node };
  node.alive = false;
  stage.nodes.push(replacement);
  stage.advance(3);

  expect(first.lastStatus).toBe("STOPPED");
  expect(stage.tasks()).toHaveLength(1);
});

test("a deleted service drains until its last task has stopped", () => {
  const stage = stageWithService(1, { desiredCount: 1 });
  const one = { cluster: "anywhere", service: "app" };
  expect(() => stage.call("DeleteService", one)).toThrow("scaled above 0");

  stage.call("DeleteService", { ...one, force: true });
  expect(stage.service().status).toBe("DRAINING");
  expect(() => stage.call("DeleteCluster", { cluster: "anywhere" })).toThrow(
    "Container Instances are active",
  );
  expect(() => stage.call("CreateService", serviceInput())).toThrow("still Draining");
  stage.advance(2);
  expect(stage.service().status).toBe("INACTIVE");
  expect(() => stage.call("UpdateService", one)).toThrow("Service was not ACTIVE.");
});

test("a deleted service with a task of a lost agent drains until a forced deregistration", () => {
  const stage = stageWithService(2, { desiredCount: 2 });
  const [lost] = stage.nodes;
  if (lost === undefined) {
    throw new Error("The stage has no node");
  }
  lost.alive = false;
  stage.advance(30);
  stage.call("DeleteService", { cluster: "anywhere", service: "app", force: true });
  stage.advance(1200);
  expect(stage.service().status).toBe("DRAINING");
  expect(stage.tasks()).toMatchObject([{ containerInstanceArn: lost.containerInstanceArn }]);

  stage.call("DeregisterContainerInstance", {
    cluster: "anywhere",
    containerInstance: lost.containerInstanceArn,
    force: true,
  });
  stage.advance(1);
  expect(stage.service().status).toBe("INACTIVE");
});

test("an INACTIVE revision can't be rolled out", () => {
  const stage = stageWithService(1, { desiredCount: 1 });
  registerRevision(stage.call);
  stage.call("DeregisterTaskDefinition", { taskDefinition: "app:2" });

  expect(() =>
    stage.call("UpdateService", { cluster: "anywhere", service: "app", taskDefinition: "app:2" }),
  ).toThrow("TaskDefinition is inactive");
});

test("the circuit breaker's threshold is half the desired count, between 3 and 200", () => {
  expect([1, 6, 7, 400, 1000].map(failureThreshold)).toEqual([3, 3, 4, 200, 200]);
});

test("a step of the scheduler depends only on the world and the time", () => {
  const worlds = [0, 1].map(() => {
    const stage = createStage();
    stage.world.aws.containerInstances.clear();
    for (const id of ["one", "two"]) {
      const node = stage.addNode();
      const instance = stage.world.aws.containerInstances.get(node.containerInstanceArn);
      if (instance !== undefined) {
        stage.world.aws.containerInstances.delete(instance.arn);
        stage.world.aws.containerInstances.set(id, { ...instance, arn: id });
      }
    }
    stage.call("CreateService", serviceInput({ desiredCount: 2 }));
    return { tasks: [...stage.world.aws.tasks.values()], service: stage.service() };
  });

  expect(worlds[0]?.tasks).toHaveLength(2);
  expect(worlds[0]).toEqual(worlds[1]);
});
