import { expect, test } from "@jest/globals";
import { seedForeign } from "../../local-cloud/aws/foreign";
import { readModel, type ServiceModel } from "../../local-cloud/aws/protocol/model";
import { defaultSettings } from "../../local-cloud/aws/settings";
import { authorization, callersOf, useGateway } from "./aws-gateway-stage";

const stage = useGateway();
const { ssm, ecs } = callersOf(stage);

test("timestamps are seconds on the wire, in both directions", async () => {
  const expiry = Math.floor(Date.now() / 1000) + 3600;

  expect(await ssm("CreateActivation", { IamRole: "node", ExpirationDate: expiry })).toMatchObject({
    status: 200,
  });
  expect(await ssm("DescribeActivations", {})).toMatchObject({
    status: 200,
    body: { ActivationList: [{ ExpirationDate: expiry, RegistrationsCount: 0 }] },
  });
});

test.each([
  ["an operation that does not exist", "ssm", "MakeCoffee", {}, "UnknownOperationException"],
  ["an operation that is not modelled", "ecs", "CreateTaskSet", {}, "NotModelledException"],
  ["a member that does not exist", "ssm", "DescribeActivations", { Colour: "red" }, "ValidationException"],
  ["a missing member", "ssm", "CreateActivation", {}, "ValidationException"],
  ["a wrong type", "ecs", "ListClusters", { maxResults: "many" }, "InvalidParameterException"],
  [
    "a number out of bounds",
    "ssm",
    "CreateActivation",
    { IamRole: "n", RegistrationLimit: 1001 },
    "ValidationException",
  ],
  [
    "a value that is no choice",
    "ecs",
    "ListTaskDefinitions",
    { status: "GONE" },
    "InvalidParameterException",
  ],
  [
    "a member that is not modelled",
    "ecs",
    "CreateCluster",
    { clusterName: "a", capacityProviders: ["FARGATE"] },
    "NotModelledException",
  ],
  [
    "a nested member that is not modelled",
    "ecs",
    "RegisterTaskDefinition",
    { family: "a", containerDefinitions: [{ name: "a", links: ["b"] }] },
    "NotModelledException",
  ],
])("%s is refused", async (_, service, operation, input, code) => {
  const { status, body } = await (service === "ssm" ? ssm : ecs)(operation, input);

  expect(status).toBe(400);
  expect(body).toHaveProperty("__type", code);
  expect(stage().world.journal).toMatchObject([
    { kind: "call", service, name: operation, status: 400, caller: "tester/1" },
  ]);
});

test("an unsigned request is refused, except an agent's own calls", async () => {
  const send = (target: string, input: object) =>
    fetch(stage().url, { method: "POST", headers: { "x-amz-target": target }, body: JSON.stringify(input) });

  expect((await send("AmazonSSM.DescribeActivations", {})).status).toBe(403);
  expect((await fetch(stage().url)).status).toBe(403);
  expect(stage().passedOn).toHaveLength(0);
  const poll = await send("AmazonEC2ContainerServiceV20141113.DiscoverPollEndpoint", {});
  expect(poll.status).toBe(200);
});

test("a web identity assumes a role of the account without a signature, but AssumeRole needs one", async () => {
  const send = (form: Record<string, string>) =>
    fetch(stage().url, { method: "POST", body: new URLSearchParams(form) });
  const Action = "AssumeRoleWithWebIdentity";

  expect((await send({ Action: "AssumeRole", RoleArn: "arn:aws:iam::123456789012:role/run" })).status).toBe(
    403,
  );
  expect((await send({ Action, RoleArn: "arn:aws:iam::999999999999:role/run" })).status).toBe(400);
  expect(stage().passedOn).toHaveLength(0);
  const form = { Action, RoleArn: "arn:aws:iam::123456789012:role/run", WebIdentityToken: "a.b.c" };
  expect(await (await send(form)).text()).toBe("from moto");
  expect(stage().bodies).toEqual([new URLSearchParams(form).toString()]);
  expect(stage().passedOn.map(({ headers }) => headers["x-moto-account-id"])).toEqual(["123456789012"]);
});

test.each([
  ["another region", { region: "us-east-1" }, "arn:aws:ecs:us-east-1:123456789012:cluster/default"],
  ["another account", { accessKeyId: "999999999999" }, "arn:aws:ecs:eu-west-1:999999999999:cluster/default"],
])("%s has clusters and activations of its own, and nothing of the first", async (_, scope, arn) => {
  await ecs("CreateCluster", {});
  await ssm("CreateActivation", { IamRole: "node" });
  const [instance] = seedForeign(
    { world: stage().world, settings: defaultSettings, now: Date.now() },
    { namePrefix: "shop", tags: {} },
  ).managedInstances;

  expect(await ecs("ListContainerInstances", {}, scope)).toMatchObject({
    status: 400,
    body: { __type: "ClusterNotFoundException" },
  });
  expect(await ssm("DescribeInstanceInformation", {}, scope)).toEqual({
    status: 200,
    body: { InstanceInformationList: [] },
  });
  expect(await ssm("DeregisterManagedInstance", { InstanceId: instance?.id ?? "" }, scope)).toMatchObject({
    status: 400,
    body: { __type: "InvalidInstanceId" },
  });
  expect(await ssm("DescribeActivations", {}, scope)).toEqual({ status: 200, body: { ActivationList: [] } });

  await ecs("CreateCluster", {}, scope);
  await ssm("CreateActivation", { IamRole: "elsewhere" }, scope);
  expect(await ecs("ListClusters", {}, scope)).toMatchObject({ body: { clusterArns: [arn] } });
  expect(await ssm("DescribeActivations", {}, scope)).toMatchObject({
    body: { ActivationList: [{ IamRole: "elsewhere" }] },
  });
  expect(await ssm("DescribeActivations", {})).toMatchObject({
    body: { ActivationList: [{ IamRole: "node" }] },
  });
});

test("moto gets only the calls to its own services, with the caller's account", async () => {
  const send = (service: string, accessKeyId: string) =>
    fetch(`${stage().url}/bucket/key?x=1`, {
      headers: { authorization: authorization({ service, accessKeyId }) },
    });

  expect(await (await send("s3", "test")).text()).toBe("from moto");
  await send("sts", "999999999999");
  expect(stage().passedOn.map(({ url, headers }) => [url, headers["x-moto-account-id"]])).toEqual([
    ["/bucket/key?x=1", "123456789012"],
    ["/bucket/key?x=1", "999999999999"],
  ]);

  const refused = await send("ec2", "test");
  expect(refused.status).toBe(400);
  expect(await refused.text()).toContain("<Code>NotModelledException</Code>");
  expect((await send("ecs", "test")).status).toBe(400);
  expect(stage().passedOn).toHaveLength(2);
});

test("an agent without registrations is not connected", async () => {
  const poll = { machine: "m", managedInstanceId: "mi-0", containerInstanceArn: "none", tasks: [] };
  const response = await fetch(`${stage().url}/agent`, { method: "POST", body: JSON.stringify(poll) });

  expect(await response.json()).toEqual({
    connected: false,
    tasks: [],
    mark: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

test("every operation and member that is modelled is in the service model", async () => {
  const models: Record<string, ServiceModel> = {
    ssm: await readModel(stage().python.botocoreData, "ssm", "2014-11-06"),
    ecs: await readModel(stage().python.botocoreData, "ecs", "2014-11-13"),
    scheduler: await readModel(stage().python.botocoreData, "scheduler", "2021-06-30"),
    states: await readModel(stage().python.botocoreData, "stepfunctions", "2016-11-23"),
  };
  for (const { service, operations } of stage().apis) {
    const model = models[service];
    for (const [name, { members }] of Object.entries(operations)) {
      const input = model?.operations[name]?.input?.shape;
      if (name === "RegisterManagedInstance" || name === "UpdateInstanceInformation") {
        expect(input).toBeUndefined();
        continue;
      }
      for (const member of members) {
        expect([name, member, exists(model, input, member.split("."))]).toEqual([name, member, true]);
      }
    }
  }
});

function exists(
  model: ServiceModel | undefined,
  shape: string | undefined,
  path: readonly string[],
): boolean {
  const found = model?.shapes[shape ?? ""];
  const structure = found?.member === undefined ? found : model?.shapes[found.member.shape];
  const [first = "", ...rest] = path;
  const member = structure?.members?.[first];
  return member !== undefined && (rest.length === 0 || exists(model, member.shape, rest));
}
