import type { CreateActivationResult } from "@aws-sdk/client-ssm";
import { describe, expect, test } from "@jest/globals";
import { agentOperations } from "../../local-cloud/aws/ssm/agent-registration";
import { execOperations } from "../../local-cloud/aws/ecs/tasks/exec";
import { ecsOperations, ssmOperations } from "../../local-cloud/aws/protocol/api";
import {
  clients,
  ecsArn,
  schedulerOperations,
  useClient,
  useClientStage,
} from "../support/stages/client-stage";

const stage = useClientStage("clients");

describe.each(clients)("$title", ({ name, open, product }) => {
  const client = useClient(stage, open);

  test("activates, describes, tags and deregisters machines", async () => {
    const input = { IamRole: name, Description: "two machines", DefaultInstanceName: `${name}-machine` };
    const activation = (await client().ssm("CreateActivation", {
      ...input,
      RegistrationLimit: 2,
      Tags: [{ Key: "client", Value: name }],
    })) as CreateActivationResult;
    const { ActivationId } = activation;
    expect(ActivationId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(activation.ActivationCode).toMatch(/^[0-9a-f]{20}$/);
    await stage().sdk.ssm("CreateActivation", input);
    const InstanceId = await stage().fleet.activate(activation);
    const another = await stage().fleet.activate(activation);

    const ofRole = { Filters: [{ FilterKey: "IamRole", FilterValues: [name] }] };
    expect(await client().ssm("DescribeActivations", ofRole)).toMatchObject({
      ActivationList: [
        {
          ...input,
          ActivationId,
          RegistrationLimit: 2,
          RegistrationsCount: 2,
          Expired: false,
          Tags: [{ Key: "client", Value: name }],
        },
        { ...input, RegistrationLimit: 1, RegistrationsCount: 0 },
      ],
    });
    const machine = {
      ActivationId,
      PingStatus: "Online",
      AgentVersion: "3.3.2299.0",
      PlatformType: "Linux",
      PlatformName: "Ubuntu",
      PlatformVersion: "24.04",
      ResourceType: "ManagedInstance",
      IamRole: name,
      Name: `${name}-machine`,
      IPAddress: "192.0.2.1",
      ComputerName: "one",
    };
    const activated = { Filters: [{ Key: "ActivationIds", Values: [ActivationId] }] };
    expect(await client().ssm("DescribeInstanceInformation", activated)).toMatchObject({
      InstanceInformationList: [
        { ...machine, InstanceId },
        { ...machine, InstanceId: another },
      ],
    });
    const resource = { ResourceType: "ManagedInstance", ResourceId: InstanceId };
    await client().ssm("AddTagsToResource", { ...resource, Tags: [{ Key: "rack", Value: "7" }] });
    await client().ssm("RemoveTagsFromResource", { ...resource, TagKeys: ["client"] });
    expect(await client().ssm("ListTagsForResource", resource)).toMatchObject({
      TagList: [{ Key: "rack", Value: "7" }],
    });
    await stage().fleet.stop();
    await client().ssm("DeregisterManagedInstance", { InstanceId });
    await client().ssm("DeleteActivation", { ActivationId });
    const both = { Filters: [{ Key: "InstanceIds", Values: [InstanceId, another] }] };
    expect(await stage().sdk.ssm("DescribeInstanceInformation", both)).toMatchObject({
      InstanceInformationList: [{ InstanceId: another }],
    });
    expect(await stage().sdk.ssm("DescribeActivations", ofRole)).toMatchObject({
      ActivationList: [{ RegistrationLimit: 1 }],
    });
  }, 120_000);

  test("creates, changes and deletes a cluster", async () => {
    const cluster = `${name}-cluster`;
    const arns = [ecsArn("cluster/kept"), ecsArn(`cluster/${cluster}`)];
    const [, clusterArn] = arns;
    const insights = (value: string) => [{ name: "containerInsights", value }];
    await stage().sdk.ecs("CreateCluster", { clusterName: "kept" });
    expect(
      await client().ecs("CreateCluster", { clusterName: cluster, settings: insights("enabled") }),
    ).toMatchObject({ cluster: { clusterArn, status: "ACTIVE", settings: insights("enabled") } });
    expect(await client().ecs("UpdateCluster", { cluster, settings: insights("disabled") })).toMatchObject({
      cluster: { settings: insights("disabled") },
    });
    await client().ecs("UpdateClusterSettings", { cluster, settings: insights("enhanced") });
    const tags = [{ key: "stage", value: "test" }];
    const gone = [{ key: "gone", value: "soon" }];
    await client().ecs("TagResource", { resourceArn: clusterArn, tags: [...tags, ...gone] });
    await client().ecs("UntagResource", { resourceArn: clusterArn, tagKeys: ["gone"] });
    expect(await client().ecs("ListTagsForResource", { resourceArn: clusterArn })).toMatchObject({ tags });
    expect(
      await client().ecs("DescribeClusters", {
        clusters: [cluster, "absent"],
        include: ["TAGS", "SETTINGS"],
      }),
    ).toMatchObject({
      clusters: [{ clusterArn, clusterName: cluster, settings: insights("enhanced"), tags }],
      failures: [{ arn: ecsArn("cluster/absent"), reason: "MISSING" }],
    });
    expect(await client().ecs("ListClusters", {})).toMatchObject({
      clusterArns: expect.arrayContaining(arns),
    });
    expect(await client().ecs("DeleteCluster", { cluster })).toMatchObject({
      cluster: { status: "INACTIVE" },
    });
  }, 120_000);

  test("registers, finds, drains and deregisters container instances", async () => {
    const cluster = `${name}-instances`;
    await stage().sdk.ecs("CreateCluster", { clusterName: cluster });
    expect(await client().ecs("DiscoverPollEndpoint", { cluster })).toMatchObject({
      endpoint: "https://ecs-a-1.eu-west-1.amazonaws.com/",
    });
    const { arn: first, machine } = await stage().fleet.addInstance(client(), cluster);
    const { arn: second } = await stage().fleet.addInstance(stage().sdk, cluster);
    const filter = "attribute:anywhere.site == ams3";
    expect(await client().ecs("ListContainerInstances", { cluster, filter })).toMatchObject({
      containerInstanceArns: [first, second],
    });
    const one = { cluster, containerInstances: [first] };
    expect(await client().ecs("DescribeContainerInstances", { ...one, include: ["TAGS"] })).toMatchObject({
      failures: [],
      containerInstances: [
        {
          containerInstanceArn: first,
          ec2InstanceId: machine,
          status: "ACTIVE",
          agentConnected: true,
          runningTasksCount: 0,
          attributes: expect.arrayContaining([{ name: "anywhere.site", value: "ams3" }]),
          tags: [{ key: "owner", value: "tester" }],
        },
      ],
    });
    expect(await client().ecs("UpdateContainerInstancesState", { ...one, status: "DRAINING" })).toMatchObject(
      {
        containerInstances: [{ containerInstanceArn: first, status: "DRAINING" }],
        failures: [],
      },
    );
    expect(
      await client().ecs("DeregisterContainerInstance", { cluster, containerInstance: first }),
    ).toMatchObject({ containerInstance: { status: "INACTIVE", agentConnected: false } });
    expect(await stage().sdk.ecs("ListContainerInstances", { cluster })).toEqual({
      containerInstanceArns: [second],
    });
  }, 120_000);

  test("retries a throttled call, and names the service's error", async () => {
    await stage().cloud.admin.inject({
      match: { service: "ecs", operation: "ListClusters" },
      times: 1,
      effect: { kind: "error", status: 400, code: "ThrottlingException", message: "Rate exceeded" },
    });
    const before = await stage().cloud.admin.journal(0);
    await client().ecs("ListClusters", {});
    const calls = await stage().cloud.admin.journal(before.length);
    expect(calls.slice(0, 2)).toMatchObject([
      { name: "ListClusters", status: 400, detail: { error: "ThrottlingException" } },
      { name: "ListClusters", status: 200 },
    ]);
    // The CLI prints the error's name, the SDK's error bears it.
    await expect(client().ecs("ListTasks", { cluster: "absent" }).catch(String)).resolves.toMatch(
      /ClusterNotFoundException.*Cluster not found\./,
    );
  }, 120_000);

  test("has run every operation that is served, except those of tasks and agents", async () => {
    const served = (service: string, operations: object, elsewhere: object) =>
      Object.keys(operations)
        .filter((operation) => !(operation in elsewhere))
        .map((operation) => `${service} ${operation}`);
    expect(await stage().runBy(product)).toEqual(
      expect.arrayContaining([
        ...served("ssm", ssmOperations, agentOperations),
        ...served("ecs", ecsOperations, { ...schedulerOperations, ...execOperations }),
      ]),
    );
  });
});
