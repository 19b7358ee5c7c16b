import { createServer, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { type Api, loadApis } from "../../local-cloud/aws/protocol/api";
import { seedForeign } from "../../local-cloud/aws/foreign";
import { serveAws } from "../../local-cloud/aws/protocol/gateway";
import { readModel, type ServiceModel } from "../../local-cloud/aws/protocol/model";
import { defaultSettings } from "../../local-cloud/aws/settings";
import type { LoopbackServer } from "../../local-cloud/http-server";
import { ensurePython, type Python } from "../../local-cloud/python/environment";
import { createWorld, type World } from "../../local-cloud/world";
import { eventually } from "../support/jest/eventually";

let python: Python;
let apis: readonly Api[];
let world: World;
let gateway: LoopbackServer;
let moto: ReturnType<typeof createServer>;
let passedOn: IncomingMessage[];

beforeAll(async () => {
  python = await ensurePython(join(__dirname, "../../.local-cloud"));
  apis = await loadApis(python);
}, 600_000);

beforeEach(async () => {
  world = createWorld("123456789012");
  passedOn = [];
  moto = createServer((request, response) => {
    passedOn.push(request);
    response.end("from moto");
  });
  await new Promise<void>((resolve) => moto.listen(0, "127.0.0.1", resolve));
  const address = moto.address();
  const motoPort = typeof address === "object" && address !== null ? address.port : 0;
  gateway = await serveAws(world, { apis, motoPort });
});

afterEach(async () => {
  await gateway.close();
  moto.closeAllConnections();
  await new Promise((resolve) => moto.close(resolve));
});

interface Scope {
  readonly service?: string;
  readonly region?: string;
  readonly accessKeyId?: string;
}

function authorization({ service = "ssm", region = "eu-west-1", accessKeyId = "test" }: Scope): string {
  return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260101/${region}/${service}/aws4_request, Signature=x`;
}

async function call(
  target: string,
  input: object,
  scope: Scope = {},
): Promise<{ status: number; body: object }> {
  const response = await fetch(gateway.url, {
    method: "POST",
    headers: { "x-amz-target": target, authorization: authorization(scope), "user-agent": "tester/1 more" },
    body: JSON.stringify(input),
  });
  return { status: response.status, body: (await response.json()) as object };
}

const ssm = (operation: string, input: object, scope?: Scope) => call(`AmazonSSM.${operation}`, input, scope);
const ecs = (operation: string, input: object, scope?: Scope) =>
  call(`AmazonEC2ContainerServiceV20141113.${operation}`, input, { service: "ecs", ...scope });

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
  ["an operation that is not modelled", "ecs", "ExecuteCommand", {}, "NotModelledException"],
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
  expect(world.journal).toMatchObject([
    { kind: "call", service, name: operation, status: 400, caller: "tester/1" },
  ]);
});

test("an unsigned request is refused, except an agent's own calls", async () => {
  const send = (target: string, input: object) =>
    fetch(gateway.url, { method: "POST", headers: { "x-amz-target": target }, body: JSON.stringify(input) });

  expect((await send("AmazonSSM.DescribeActivations", {})).status).toBe(403);
  expect((await fetch(gateway.url)).status).toBe(403);
  expect(passedOn).toHaveLength(0);
  const poll = await send("AmazonEC2ContainerServiceV20141113.DiscoverPollEndpoint", {});
  expect(poll.status).toBe(200);
});

test("an activation's code never reaches the journal", async () => {
  const { body } = await ssm("CreateActivation", { IamRole: "node" });
  await ssm("RegisterManagedInstance", { ...body, Fingerprint: "f" });

  expect(world.journal[1]).toMatchObject({
    name: "RegisterManagedInstance",
    status: 200,
    detail: { ActivationCode: "***", Fingerprint: "f" },
  });
  expect(JSON.stringify(world.journal)).not.toContain((body as { ActivationCode: string }).ActivationCode);
});

test("the journal keeps the ids that registrations answered, and the codes of errors", async () => {
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

  expect(world.journal.map(({ name, detail }) => [name, detail["answered"], detail["error"]])).toEqual([
    ["CreateActivation", undefined, undefined],
    ["RegisterManagedInstance", InstanceId, undefined],
    ["RegisterManagedInstance", undefined, "RegistrationLimitExceeded"],
    ["CreateCluster", undefined, undefined],
    ["RegisterContainerInstance", containerInstance.containerInstanceArn, undefined],
  ]);
});

test("faults refuse a call, lose its answer or delay it, as often as they say", async () => {
  const match = { service: "ecs", operation: "CreateCluster" } as const;
  world.faults.push(
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
  expect(world.aws.clusters.size).toBe(0);
  await expect(ecs("CreateCluster", {})).rejects.toThrow();
  expect(world.aws.clusters.size).toBe(1);
  const before = Date.now();
  expect(await ecs("CreateCluster", {})).toMatchObject({ status: 200 });
  expect(Date.now() - before).toBeGreaterThanOrEqual(95);
});

test("a delayed call is done at once, and answered when the faults are cleared", async () => {
  const match = { service: "ecs", operation: "CreateCluster" } as const;
  world.faults.push({ match, times: 1, effect: { kind: "delay", milliseconds: 600_000 } });
  const answer = ecs("CreateCluster", {});
  while (world.journal.length === 0) {
    await pause(10);
  }
  expect(world.aws.clusters.size).toBe(1);
  world.faults.splice(0);
  expect(await answer).toMatchObject({ status: 200 });
});

test.each([
  ["another region", { region: "us-east-1" }, "arn:aws:ecs:us-east-1:123456789012:cluster/default"],
  ["another account", { accessKeyId: "999999999999" }, "arn:aws:ecs:eu-west-1:999999999999:cluster/default"],
])("%s has clusters and activations of its own, and nothing of the first", async (_, scope, arn) => {
  await ecs("CreateCluster", {});
  await ssm("CreateActivation", { IamRole: "node" });
  const [instance] = seedForeign(
    world,
    { namePrefix: "shop", tags: {} },
    Date.now(),
    defaultSettings,
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

test("late data of a deleted cluster's Container Insights makes its log group again, as often as it is asked for", async () => {
  world.faults.push({
    match: { service: "ecs", operation: "DeleteCluster", contains: "late" },
    times: 1,
    effect: { kind: "late-insights", milliseconds: 20 },
  });
  const received = () => world.journal.filter(({ name }) => name === "late-insights");
  for (const clusterName of ["late", "other"]) {
    await ecs("CreateCluster", { clusterName });
    expect(await ecs("DeleteCluster", { cluster: clusterName })).toMatchObject({ status: 200 });
  }
  await eventually("late data", () => Promise.resolve(received()[0]));

  expect(passedOn.map(({ headers }) => headers["x-amz-target"])).toEqual(["Logs_20140328.CreateLogGroup"]);
  expect(received()).toMatchObject([
    { detail: { logGroupName: "/aws/ecs/containerinsights/late/performance" } },
  ]);
});

test("moto gets the calls of its services, with the caller's account, and no others", async () => {
  const send = (service: string, accessKeyId: string) =>
    fetch(`${gateway.url}/bucket/key?x=1`, {
      headers: { authorization: authorization({ service, accessKeyId }) },
    });

  expect(await (await send("s3", "test")).text()).toBe("from moto");
  await send("sts", "999999999999");
  expect(passedOn.map(({ url, headers }) => [url, headers["x-moto-account-id"]])).toEqual([
    ["/bucket/key?x=1", "123456789012"],
    ["/bucket/key?x=1", "999999999999"],
  ]);

  const refused = await send("ec2", "test");
  expect(refused.status).toBe(400);
  expect(await refused.text()).toContain("<Code>NotModelledException</Code>");
  expect((await send("ecs", "test")).status).toBe(400);
  expect(passedOn).toHaveLength(2);
});

test("an agent without registrations is not connected", async () => {
  const poll = { machine: "m", managedInstanceId: "mi-0", containerInstanceArn: "none", tasks: [] };
  const response = await fetch(`${gateway.url}/agent`, { method: "POST", body: JSON.stringify(poll) });

  expect(await response.json()).toEqual({ connected: false, tasks: [] });
});

test("every operation and member that is modelled is in the service model", async () => {
  const models: Record<string, ServiceModel> = {
    ssm: await readModel(python.botocoreData, "ssm", "2014-11-06"),
    ecs: await readModel(python.botocoreData, "ecs", "2014-11-13"),
    scheduler: await readModel(python.botocoreData, "scheduler", "2021-06-30"),
  };
  for (const { service, operations } of apis) {
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
