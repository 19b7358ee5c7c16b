import type {
  DescribeServicesResponse,
  DescribeTasksResponse,
  ListServiceDeploymentsResponse,
  RunTaskResponse,
} from "@aws-sdk/client-ecs";
import { describe, expect, test } from "@jest/globals";
import {
  clients,
  ecsArn,
  registerRevision,
  schedulerOperations,
  useClient,
  useClientStage,
} from "../support/stages/client-stage";
import { eventually } from "../support/jest/eventually";

const stage = useClientStage("clients-tasks");

describe.each(clients)("$title", ({ name, open, product }) => {
  const client = useClient(stage, open);

  test("registers, lists, deregisters and deletes revisions of a task definition", async () => {
    const family = `${name}-definition`;
    const arns = [1, 2].map((revision) => ecsArn(`task-definition/${family}:${revision}`));
    expect(await registerRevision(client(), family, { command: ["run"] })).toMatchObject({
      taskDefinition: { taskDefinitionArn: arns[0], revision: 1, status: "ACTIVE" },
    });
    await registerRevision(stage().sdk, family);
    expect(await client().ecs("ListTaskDefinitions", { familyPrefix: family })).toMatchObject({
      taskDefinitionArns: arns,
    });
    const first = { taskDefinition: `${family}:1` };
    await client().ecs("DeregisterTaskDefinition", first);
    expect(await client().ecs("DescribeTaskDefinition", first)).toMatchObject({
      taskDefinition: {
        status: "INACTIVE",
        networkMode: "bridge",
        requiresCompatibilities: ["EXTERNAL"],
        containerDefinitions: [
          { name: "app", image: "registry.example/app:v1", memory: 64, command: ["run"], essential: true },
        ],
      },
    });
    await client().ecs("DeleteTaskDefinitions", { taskDefinitions: [first.taskDefinition] });
    expect(
      await client().ecs("ListTaskDefinitions", { familyPrefix: family, status: "INACTIVE" }),
    ).toMatchObject({ taskDefinitionArns: [] });
  }, 120_000);

  test("rolls a service out twice, and deletes it", async () => {
    const cluster = `${name}-services`;
    await stage().sdk.ecs("CreateCluster", { clusterName: cluster });
    await stage().fleet.addInstance(stage().sdk, cluster);
    for (const hostPort of [8080, 8081]) {
      await registerRevision(stage().sdk, `${name}-web`, {
        portMappings: [{ containerPort: 80, hostPort }],
        healthCheck: { command: ["CMD", "healthcheck"] },
      });
    }
    const input = {
      cluster,
      launchType: "EXTERNAL",
      availabilityZoneRebalancing: "DISABLED",
      deploymentConfiguration: { minimumHealthyPercent: 0, maximumPercent: 100 },
      taskDefinition: `${name}-web:1`,
    };
    await stage().sdk.ecs("CreateService", { ...input, serviceName: "idle", desiredCount: 0 });
    const arns = ["idle", "web"].map((service) => ecsArn(`service/${cluster}/${service}`));
    const serviceArn = arns[1];
    const revision = (number: number) => ecsArn(`task-definition/${name}-web:${number}`);
    expect(
      await client().ecs("CreateService", { ...input, serviceName: "web", desiredCount: 1 }),
    ).toMatchObject({
      service: { serviceArn, status: "ACTIVE", desiredCount: 1, taskDefinition: revision(1) },
    });
    const services = { cluster, services: ["web", "absent"] };
    const steady = (taskDefinition: string) =>
      eventually(`a steady state with ${taskDefinition}`, async () => {
        const answer = (await stage().sdk.ecs("DescribeServices", services)) as DescribeServicesResponse;
        const [deployment] = answer.services?.[0]?.deployments ?? [];
        return deployment?.rolloutState === "COMPLETED" && deployment.taskDefinition === taskDefinition
          ? deployment
          : undefined;
      });
    await steady(revision(1));
    const web = { cluster, service: "web" };
    expect(await client().ecs("UpdateService", { ...web, taskDefinition: `${name}-web:2` })).toMatchObject({
      service: { deployments: [{ status: "PRIMARY" }, { status: "ACTIVE" }] },
    });
    await steady(revision(2));
    expect(await client().ecs("DescribeServices", services)).toMatchObject({
      services: [{ runningCount: 1, pendingCount: 0, deployments: [{ status: "PRIMARY", runningCount: 1 }] }],
      failures: [{ arn: ecsArn(`service/${cluster}/absent`), reason: "MISSING" }],
    });
    const newest = (await client().ecs("ListServiceDeployments", web)) as ListServiceDeploymentsResponse;
    const { nextToken } = newest;
    const older = (await stage().sdk.ecs("ListServiceDeployments", {
      ...web,
      nextToken,
    })) as ListServiceDeploymentsResponse;
    expect(older.serviceDeployments).toMatchObject([{ serviceArn, status: "SUCCESSFUL" }]);
    const serviceDeploymentArns = newest.serviceDeployments?.map(
      ({ serviceDeploymentArn }) => serviceDeploymentArn,
    );
    expect(await client().ecs("DescribeServiceDeployments", { serviceDeploymentArns })).toMatchObject({
      serviceDeployments: [
        {
          serviceArn,
          status: "SUCCESSFUL",
          targetServiceRevision: { requestedTaskCount: 1, runningTaskCount: 1, pendingTaskCount: 0 },
        },
      ],
    });
    const serviceRevisionArns = newest.serviceDeployments?.map(
      ({ targetServiceRevisionArn }) => targetServiceRevisionArn,
    );
    expect(await client().ecs("DescribeServiceRevisions", { serviceRevisionArns })).toMatchObject({
      serviceRevisions: [{ serviceArn, taskDefinition: revision(2) }],
      failures: [],
    });
    expect(await client().ecs("ListServices", { cluster })).toMatchObject({ serviceArns: arns });
    expect(await client().ecs("DeleteService", { ...web, force: true })).toMatchObject({
      service: { status: "DRAINING", desiredCount: 0 },
    });
  }, 120_000);

  test("runs and stops tasks", async () => {
    const cluster = `${name}-tasks`;
    await stage().sdk.ecs("CreateCluster", { clusterName: cluster });
    const { arn: containerInstanceArn } = await stage().fleet.addInstance(stage().sdk, cluster);
    await registerRevision(stage().sdk, `${name}-job`);
    const { tasks = [] } = (await client().ecs("RunTask", {
      cluster,
      count: 2,
      taskDefinition: `${name}-job`,
      launchType: "EXTERNAL",
      startedBy: "tester",
    })) as RunTaskResponse;
    const [first = "", second = ""] = tasks.map(({ taskArn }) => taskArn);
    const one = { cluster, tasks: [first] };
    const reached = (status: string) =>
      eventually(`a ${status} task`, async () => {
        const answer = (await stage().sdk.ecs("DescribeTasks", one)) as DescribeTasksResponse;
        return answer.tasks?.find(({ lastStatus }) => lastStatus === status);
      });
    await reached("RUNNING");
    expect(await client().ecs("DescribeTasks", one)).toMatchObject({
      tasks: [
        {
          taskArn: first,
          containerInstanceArn,
          taskDefinitionArn: ecsArn(`task-definition/${name}-job:1`),
          launchType: "EXTERNAL",
          group: `family:${name}-job`,
          startedBy: "tester",
          containers: [{ name: "app", image: "registry.example/app:v1", lastStatus: "RUNNING" }],
        },
      ],
      failures: [],
    });
    expect(
      await client().ecs("ListTasks", { cluster, containerInstance: containerInstanceArn }),
    ).toMatchObject({ taskArns: [first, second] });
    await client().ecs("StopTask", { cluster, task: first, reason: "enough" });
    expect(await reached("STOPPED")).toMatchObject({ stopCode: "UserInitiated", stoppedReason: "enough" });
  }, 120_000);

  test("has run every operation of task definitions, services and tasks", async () => {
    expect(await stage().runBy(product)).toEqual(
      expect.arrayContaining(Object.keys(schedulerOperations).map((operation) => `ecs ${operation}`)),
    );
  });
});
