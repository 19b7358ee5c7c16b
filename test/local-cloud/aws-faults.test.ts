import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { eventually } from "../support/jest/eventually";
import { callersOf, useGateway } from "./aws-gateway-stage";

const stage = useGateway();
const { ssm, ecs } = callersOf(stage);

test("an activation's code never reaches the journal", async () => {
  const { body } = await ssm("CreateActivation", { IamRole: "node" });
  await ssm("RegisterManagedInstance", { ...body, Fingerprint: "f" });

  expect(stage().world.journal[1]).toMatchObject({
    name: "RegisterManagedInstance",
    status: 200,
    detail: { ActivationCode: "***", Fingerprint: "f" },
  });
  expect(JSON.stringify(stage().world.journal)).not.toContain(
    (body as { ActivationCode: string }).ActivationCode,
  );
});

test("the journal keeps the ids that registrations return, and the codes of errors", async () => {
  const { body } = await ssm("CreateActivation", { IamRole: "node" });
  const registered = await ssm("RegisterManagedInstance", { ...body, Fingerprint: "f" });
  const { InstanceId } = registered.body as { InstanceId: string };
  await ssm("RegisterManagedInstance", { ...body, Fingerprint: "f" });
  await ecs("CreateCluster", { clusterName: "anywhere" });
  const { body: answer } = await ecs("RegisterContainerInstance", {
    cluster: "anywhere",
    instanceIdentityDocument: JSON.stringify({ instanceId: InstanceId }),
    totalResources: ["CPU", "MEMORY"].map((name) => ({ name, type: "INTEGER", integerValue: 1024 })),
  });
  const { containerInstance } = answer as { containerInstance: { containerInstanceArn: string } };

  expect(
    stage().world.journal.map(({ name, detail }) => [name, detail["answered"], detail["error"]]),
  ).toEqual([
    ["CreateActivation", undefined, undefined],
    ["RegisterManagedInstance", InstanceId, undefined],
    ["RegisterManagedInstance", undefined, "RegistrationLimitExceeded"],
    ["CreateCluster", undefined, undefined],
    ["RegisterContainerInstance", containerInstance.containerInstanceArn, undefined],
  ]);
});

test("a fault refuses a call, loses its answer or delays it, as many times as it says", async () => {
  const match = { service: "ecs", operation: "CreateCluster" } as const;
  stage().world.faults.push(
    {
      match,
      times: 1,
      effect: { kind: "error", status: 429, code: "ThrottlingException", message: "Rate exceeded" },
    },
    { match, times: 1, effect: { kind: "lost-answer" } },
    { match, times: 1, effect: { kind: "delay", milliseconds: 100 } },
  );

  expect(await ecs("CreateCluster", {})).toMatchObject({
    status: 429,
    body: { __type: "ThrottlingException", message: "Rate exceeded" },
  });
  expect(stage().world.aws.clusters.size).toBe(0);
  await expect(ecs("CreateCluster", {})).rejects.toThrow();
  expect(stage().world.aws.clusters.size).toBe(1);
  const before = Date.now();
  expect(await ecs("CreateCluster", {})).toMatchObject({ status: 200 });
  expect(Date.now() - before).toBeGreaterThanOrEqual(95);
});

test("a delayed call takes effect at once, and is answered when the faults are cleared", async () => {
  const match = { service: "ecs", operation: "CreateCluster" } as const;
  stage().world.faults.push({ match, times: 1, effect: { kind: "delay", milliseconds: 600_000 } });
  const answer = ecs("CreateCluster", {});
  while (stage().world.journal.length === 0) {
    await pause(10);
  }
  expect(stage().world.aws.clusters.size).toBe(1);
  stage().world.faults.splice(0);
  expect(await answer).toMatchObject({ status: 200 });
});

test("late data of Container Insights recreates a deleted cluster's log group as often as the fault says", async () => {
  stage().world.faults.push({
    match: { service: "ecs", operation: "DeleteCluster", contains: "late" },
    times: 1,
    effect: { kind: "late-insights", milliseconds: 20 },
  });
  const received = () => stage().world.journal.filter(({ name }) => name === "late-insights");
  for (const clusterName of ["late", "other"]) {
    await ecs("CreateCluster", { clusterName });
    expect(await ecs("DeleteCluster", { cluster: clusterName })).toMatchObject({ status: 200 });
  }
  await eventually("late data", () => Promise.resolve(received()[0]));

  expect(stage().passedOn.map(({ headers }) => headers["x-amz-target"])).toEqual([
    "Logs_20140328.CreateLogGroup",
  ]);
  expect(received()).toMatchObject([
    { detail: { logGroupName: "/aws/ecs/containerinsights/late/performance" } },
  ]);
});
