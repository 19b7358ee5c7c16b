import { expect, test } from "@jest/globals";
import { createStage, serviceInput, type Stage } from "../support/stages/ecs-stage";

const other = { cluster: "elsewhere" };

/** A stage with a second cluster, which holds a service of the same name. */
function stageWithTwoClusters(): { stage: Stage; theirs: string } {
  const stage = createStage();
  stage.call("CreateCluster", { clusterName: "elsewhere" });
  stage.call("CreateService", serviceInput());
  const { service } = stage.call("CreateService", serviceInput(other)) as { service: { serviceArn: string } };
  return { stage, theirs: service.serviceArn };
}

test("a service of another cluster isn't found by its ARN, even if this cluster has one of the same name", () => {
  const { stage, theirs } = stageWithTwoClusters();
  const ours = { cluster: "anywhere" };
  expect(theirs).toMatch(/:service\/elsewhere\/app$/);

  expect(stage.call("DescribeServices", { ...ours, services: [theirs] })).toEqual({
    services: [],
    failures: [{ arn: theirs, reason: "MISSING" }],
  });
  for (const operation of ["UpdateService", "DeleteService"]) {
    expect(() => stage.call(operation, { ...ours, service: theirs, desiredCount: 0 })).toThrow(
      expect.objectContaining({ code: "ServiceNotFoundException" }),
    );
  }
  expect(stage.call("DescribeServices", { ...other, services: [theirs] })).toMatchObject({
    services: [{ serviceArn: theirs, status: "ACTIVE", desiredCount: 3 }],
    failures: [],
  });
});

test("a container instance of another cluster is found neither by its ARN nor by its id", () => {
  const { stage } = stageWithTwoClusters();
  const { containerInstanceArn: arn } = stage.addNode();

  for (const name of [arn, arn.split("/").at(-1) ?? ""]) {
    const named = { ...other, containerInstances: [name] };
    expect(stage.call("DescribeContainerInstances", named)).toMatchObject({
      containerInstances: [],
      failures: [{ reason: "MISSING" }],
    });
    expect(() => stage.call("DeregisterContainerInstance", { ...other, containerInstance: name })).toThrow(
      "not found",
    );
  }
  expect(
    stage.call("DescribeContainerInstances", { cluster: "anywhere", containerInstances: [arn] }),
  ).toMatchObject({ containerInstances: [{ status: "ACTIVE" }], failures: [] });
});
