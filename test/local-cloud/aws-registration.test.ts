import { expect, test } from "@jest/globals";
import { createStage } from "../support/stages/ecs-stage";

const hour = 3_600_000;

interface Activation {
  readonly ActivationId: string;
  readonly ActivationCode: string;
}

const register = (activation: Activation) => ({ ...activation, Fingerprint: "f" });
const refusal = (code: string) => expect.objectContaining({ code });

test("an activation registers no more machines than its limit allows", () => {
  const { call } = createStage();
  const activation = call("CreateActivation", { IamRole: "node" }) as Activation;

  call("RegisterManagedInstance", register(activation));

  expect(() => call("RegisterManagedInstance", register(activation))).toThrow(
    refusal("RegistrationLimitExceeded"),
  );
  expect(call("DescribeActivations", {})).toMatchObject({
    ActivationList: [{ RegistrationLimit: 1, RegistrationsCount: 1, Expired: false }],
  });
});

test("a wrong code and a deleted activation register nothing", () => {
  const { call, world } = createStage();
  const activation = call("CreateActivation", { IamRole: "node" }) as Activation;

  expect(() => call("RegisterManagedInstance", register({ ...activation, ActivationCode: "wrong" }))).toThrow(
    refusal("InvalidActivation"),
  );
  call("DeleteActivation", { ActivationId: activation.ActivationId });
  expect(() => call("RegisterManagedInstance", register(activation))).toThrow(refusal("InvalidActivation"));
  expect(() => call("DeleteActivation", { ActivationId: activation.ActivationId })).toThrow(
    refusal("InvalidActivation"),
  );
  expect(world.aws.managedInstances.size).toBe(0);
});

test("an activation expires on its expiration date, by default after 24 hours", () => {
  const { call, now, advance, world } = createStage();
  const byDefault = call("CreateActivation", { IamRole: "node" }) as Activation;
  const soon = call("CreateActivation", {
    IamRole: "node",
    ExpirationDate: new Date(now() + 1000),
  }) as Activation;

  expect(world.aws.activations.get(byDefault.ActivationId)?.expiresAt).toBe(now() + 24 * hour);
  advance(1);
  expect(() => call("RegisterManagedInstance", register(soon))).toThrow(refusal("ActivationExpired"));
});

test.each([
  ["the past", -1],
  ["more than 30 days ahead", 30 * 24 * hour + 1],
])("an expiry set to %s is refused", (_, offset) => {
  const { call, now } = createStage();

  expect(() =>
    call("CreateActivation", { IamRole: "node", ExpirationDate: new Date(now() + offset) }),
  ).toThrow(refusal("ValidationException"));
});

test("a machine takes over its activation's tags and is found by them, by id and by activation", () => {
  const { call } = createStage();
  const tags = [{ Key: "anywhere.node", Value: "node-1" }];
  const activation = call("CreateActivation", { IamRole: "node", Tags: tags }) as Activation;
  const { InstanceId } = call("RegisterManagedInstance", register(activation)) as { InstanceId: string };
  call("CreateActivation", { IamRole: "node" });
  const find = (...filters: object[]) => call("DescribeInstanceInformation", { Filters: filters });
  const found = { InstanceInformationList: [{ InstanceId, PingStatus: "ConnectionLost" }] };

  expect(find({ Key: "tag:anywhere.node", Values: ["node-1"] })).toMatchObject(found);
  expect(find({ Key: "ActivationIds", Values: [activation.ActivationId] })).toMatchObject(found);
  expect(
    call("DescribeInstanceInformation", {
      InstanceInformationFilterList: [{ key: "InstanceIds", valueSet: [InstanceId] }],
    }),
  ).toMatchObject(found);
  expect(find({ Key: "tag:anywhere.node", Values: ["node-2"] })).toMatchObject({
    InstanceInformationList: [],
  });
  expect(() =>
    find({ Key: "tag:anywhere.node", Values: ["node-1"] }, { Key: "PingStatus", Values: ["Online"] }),
  ).toThrow(refusal("ValidationException"));
});

test("machines are found by either list of filters, but not by both at once", () => {
  const { call } = createStage();
  const found = ["web", "other"].map((IamRole) => {
    const activation = call("CreateActivation", {
      IamRole,
      Tags: [{ Key: IamRole, Value: "yes" }],
    }) as Activation;
    const { InstanceId } = call("RegisterManagedInstance", register(activation)) as { InstanceId: string };
    return { InstanceId, ActivationId: activation.ActivationId };
  });
  const [web] = found;
  call("UpdateInstanceInformation", { InstanceId: web?.InstanceId, AgentVersion: "3.3" });
  const ids = (input: object) => {
    const { InstanceInformationList } = call("DescribeInstanceInformation", input) as {
      InstanceInformationList: { InstanceId: string }[];
    };
    return InstanceInformationList.map(({ InstanceId }) => InstanceId);
  };
  const [newer, older] = [
    (Key: string, ...Values: string[]) => ({ Filters: [{ Key, Values }] }),
    (key: string, ...valueSet: string[]) => ({ InstanceInformationFilterList: [{ key, valueSet }] }),
  ];

  for (const filter of [newer, older]) {
    expect(ids(filter("InstanceIds", web?.InstanceId ?? ""))).toEqual([web?.InstanceId]);
    expect(ids(filter("ActivationIds", web?.ActivationId ?? ""))).toEqual([web?.InstanceId]);
    expect(ids(filter("IamRole", "web"))).toEqual([web?.InstanceId]);
    expect(ids(filter("IamRole", "web", "other"))).toEqual(found.map(({ InstanceId }) => InstanceId));
    expect(ids(filter("AgentVersion", "3.3"))).toEqual([web?.InstanceId]);
    expect(ids(filter("PingStatus", "Online"))).toEqual([web?.InstanceId]);
    expect(ids(filter("ResourceType", "EC2Instance"))).toEqual([]);
    expect(() => ids(filter("Colour", "red"))).toThrow(refusal("InvalidFilterKey"));
  }
  expect(ids(newer("tag-key", "web"))).toEqual([web?.InstanceId]);
  expect(() => ids({ ...newer("IamRole", "web"), ...older("IamRole", "web") })).toThrow(
    refusal("ValidationException"),
  );
});

test("an activation that expires or is deleted leaves its machines registered", () => {
  const { call, now, advance, world } = createStage();
  const [first, second] = [1, 2].map(
    () => call("CreateActivation", { IamRole: "node", ExpirationDate: new Date(now() + 1000) }) as Activation,
  );
  const registered = [first, second].map(
    (activation) =>
      call("RegisterManagedInstance", { ...activation, Fingerprint: "f" }) as { InstanceId: string },
  );

  advance(2);
  call("DeleteActivation", { ActivationId: second?.ActivationId });

  registered.forEach(({ InstanceId }) =>
    call("UpdateInstanceInformation", { InstanceId, AgentVersion: "3" }),
  );
  expect([...world.aws.managedInstances.keys()]).toEqual(registered.map(({ InstanceId }) => InstanceId));
});

test("an agent that comes back from its checkpoint keeps its instance, its status and its attributes", () => {
  const { call, addNode, world } = createStage();
  const { managedInstanceId, containerInstanceArn } = addNode({ site: "ams3" });
  const other = addNode();
  const comesBack = (instanceId: string) =>
    call("RegisterContainerInstance", {
      cluster: "anywhere",
      containerInstanceArn,
      instanceIdentityDocument: JSON.stringify({ instanceId }),
      attributes: [{ name: "site", value: "fra1" }],
    });
  call("UpdateContainerInstancesState", {
    cluster: "anywhere",
    containerInstances: [containerInstanceArn],
    status: "DRAINING",
  });

  expect(comesBack(managedInstanceId)).toMatchObject({
    containerInstance: {
      containerInstanceArn,
      status: "DRAINING",
      attributes: expect.arrayContaining([{ name: "site", value: "ams3" }]),
    },
  });
  expect(() => comesBack(other.managedInstanceId)).toThrow(refusal("InvalidParameterException"));
  expect(world.aws.containerInstances.size).toBe(2);
});

test("a machine is Online while its heartbeat is fresh", () => {
  const { call, advance } = createStage({ lostAfter: 2 });
  const activation = call("CreateActivation", { IamRole: "node" }) as Activation;
  const { InstanceId } = call("RegisterManagedInstance", register(activation)) as { InstanceId: string };
  const status = () =>
    (call("DescribeInstanceInformation", {}) as { InstanceInformationList: { PingStatus: string }[] })
      .InstanceInformationList[0]?.PingStatus;

  call("UpdateInstanceInformation", { InstanceId, AgentVersion: "3" });
  expect(status()).toBe("Online");
  advance(3);
  expect(status()).toBe("ConnectionLost");
});

test("pages are as small as asked for, and a made-up token is refused", () => {
  const { call } = createStage({ pageSize: 2 });
  for (let count = 0; count < 3; count += 1) {
    call("CreateActivation", { IamRole: "node" });
  }
  const first = call("DescribeActivations", {}) as { ActivationList: object[]; NextToken: string };
  const second = call("DescribeActivations", { NextToken: first.NextToken }) as { ActivationList: object[] };

  expect(first.ActivationList).toHaveLength(2);
  expect(second.ActivationList).toHaveLength(1);
  expect(second).toHaveProperty("NextToken", undefined);
  expect(() => call("DescribeActivations", { NextToken: "made-up" })).toThrow(refusal("InvalidNextToken"));
});

test("once a machine is deregistered from Systems Manager, its ECS agent is lost and can't register again", () => {
  const { call, addNode, advance, world } = createStage();
  const { managedInstanceId, containerInstanceArn } = addNode();

  call("DeregisterManagedInstance", { InstanceId: managedInstanceId });
  advance(0.5);

  const instance = call("DescribeContainerInstances", {
    cluster: "anywhere",
    containerInstances: [containerInstanceArn],
  });
  expect(instance).toMatchObject({ containerInstances: [{ status: "ACTIVE", agentConnected: false }] });
  expect(() =>
    call("RegisterContainerInstance", {
      cluster: "anywhere",
      instanceIdentityDocument: JSON.stringify({ instanceId: managedInstanceId }),
    }),
  ).toThrow(refusal("AccessDeniedException"));
  expect(() => call("DeregisterManagedInstance", { InstanceId: managedInstanceId })).toThrow(
    refusal("InvalidInstanceId"),
  );
  expect(world.aws.managedInstances.size).toBe(0);
});

test("an INACTIVE container instance never comes back", () => {
  const { call, addNode } = createStage();
  const { managedInstanceId, containerInstanceArn } = addNode();
  const one = { cluster: "anywhere", containerInstance: containerInstanceArn };

  call("DeregisterContainerInstance", one);

  expect(() =>
    call("RegisterContainerInstance", {
      cluster: "anywhere",
      containerInstanceArn,
      instanceIdentityDocument: JSON.stringify({ instanceId: managedInstanceId }),
    }),
  ).toThrow(refusal("InvalidParameterException"));
  expect(() => call("DeregisterContainerInstance", one)).toThrow(refusal("InvalidParameterException"));
  expect(
    call("UpdateContainerInstancesState", {
      cluster: "anywhere",
      containerInstances: [containerInstanceArn],
      status: "DRAINING",
    }),
  ).toMatchObject({ containerInstances: [], failures: [{ reason: "INACTIVE" }] });
  expect(call("ListContainerInstances", { cluster: "anywhere" })).toMatchObject({
    containerInstanceArns: [],
  });
});

test("a cluster with a registered instance can't be deleted", () => {
  const { call, addNode } = createStage();
  const { containerInstanceArn } = addNode();

  expect(() => call("DeleteCluster", { cluster: "anywhere" })).toThrow(
    refusal("ClusterContainsContainerInstancesException"),
  );
  call("DeregisterContainerInstance", { cluster: "anywhere", containerInstance: containerInstanceArn });
  call("DeleteCluster", { cluster: "anywhere" });
  expect(() => call("ListContainerInstances", { cluster: "anywhere" })).toThrow(
    refusal("ClusterNotFoundException"),
  );
});

test("an instance takes at most ten attributes", () => {
  const { addNode } = createStage();
  const attributes = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`name-${index}`, "value"]));

  addNode(attributes(10));
  expect(() => addNode(attributes(11))).toThrow(refusal("InvalidParameterException"));
});

test.each<[string, object]>([
  ["an attribute's name with a space", { attributes: [{ name: "a b", value: "c" }] }],
  ["an attribute's name with a colon", { attributes: [{ name: "a:b", value: "c" }] }],
  ["an attribute's value that begins with a space", { attributes: [{ name: "a", value: " b" }] }],
  ["an attribute's value that ends with a space", { attributes: [{ name: "a", value: "b " }] }],
  ["an attribute's value with a comma", { attributes: [{ name: "a", value: "b,c" }] }],
  ["a tag with a backslash", { tags: [{ key: "a", value: "b\\c" }] }],
  ["a tag of AWS's own", { tags: [{ key: "a", value: "AWS:b" }] }],
])("an instance with %s is refused", (_label, input) => {
  const { call, addNode } = createStage();
  const { managedInstanceId } = addNode();
  const identity = {
    instanceIdentityDocument: JSON.stringify({ instanceId: managedInstanceId }),
    totalResources: ["CPU", "MEMORY"].map((name) => ({ name, type: "INTEGER", integerValue: 1024 })),
  };
  const register = (more: object) =>
    call("RegisterContainerInstance", { cluster: "anywhere", ...identity, ...more });
  register({ attributes: [{ name: "a/b\\c", value: "a b\\c@:" }], tags: [{ key: "a b", value: "" }] });
  expect(() => register(input)).toThrow(refusal("InvalidParameterException"));
});
