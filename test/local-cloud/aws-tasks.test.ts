import { expect, test } from "@jest/globals";
import { createStage, registerRevision } from "../support/stages/ecs-stage";

const input = { cluster: "anywhere", taskDefinition: "app", launchType: "EXTERNAL" };

test("a RunTask that is repeated with its client token returns the tasks of the first", () => {
  const { call, addNode, tasks } = createStage();
  addNode();
  const first = call("RunTask", { ...input, clientToken: "one" });

  expect(call("RunTask", { ...input, clientToken: "one" })).toEqual(first);
  expect(tasks()).toHaveLength(1);
});

test("a client token can't be used for another task definition", () => {
  const { call, addNode } = createStage();
  addNode();
  call("RunTask", { ...input, clientToken: "one" });
  call("RegisterTaskDefinition", {
    family: "other",
    requiresCompatibilities: ["EXTERNAL"],
    containerDefinitions: [{ name: "other", image: "registry.example/other:v1", memory: 64 }],
  });

  expect(() => call("RunTask", { ...input, taskDefinition: "other", clientToken: "one" })).toThrow(
    expect.objectContaining({ code: "ConflictException" }),
  );
});

test("a task that finds no room is a failure that names the closest instance", () => {
  const { call, addNode } = createStage();
  expect(() => call("RunTask", input)).toThrow("No Container Instances were found in your cluster.");
  const { containerInstanceArn } = addNode();

  expect(call("RunTask", { ...input, count: 2 })).toMatchObject({
    tasks: [{ containerInstanceArn }],
    failures: [{ arn: containerInstanceArn, reason: "RESOURCE:PORTS" }],
  });
});

test("a task takes the memory that RunTask's overrides set for a container", () => {
  const { call, addNode } = createStage();
  addNode();
  registerRevision(call, { portMappings: [] });
  const withMemory = (memory: number) =>
    call("RunTask", { ...input, overrides: { containerOverrides: [{ name: "app", memory }] } });

  expect(withMemory(1025)).toMatchObject({ tasks: [], failures: [{ reason: "RESOURCE:MEMORY" }] });
  expect(withMemory(1000)).toMatchObject({
    tasks: [{ overrides: { containerOverrides: [{ name: "app", memory: 1000 }] } }],
    failures: [],
  });
  expect(withMemory(25)).toMatchObject({ tasks: [], failures: [{ reason: "RESOURCE:MEMORY" }] });
  expect(withMemory(24)).toMatchObject({ failures: [] });
});

test("tasks are listed by instance, family and startedBy, and stopped ones only on request", () => {
  const { call, addNode, advance } = createStage();
  const [one, two] = [addNode(), addNode()];
  const arns = [one, two].map((_, index) => {
    const { tasks } = call("RunTask", { ...input, startedBy: `tester-${index}` }) as {
      tasks: { taskArn: string }[];
    };
    return tasks[0]?.taskArn;
  });
  advance(1);
  const list = (filter: object) => call("ListTasks", { cluster: "anywhere", ...filter });

  expect(list({ containerInstance: one.containerInstanceArn })).toMatchObject({ taskArns: [arns[0]] });
  expect(list({ startedBy: "tester-1" })).toMatchObject({ taskArns: [arns[1]] });
  expect(list({ family: "app" })).toMatchObject({ taskArns: arns });
  expect(list({ family: "other" })).toMatchObject({ taskArns: [] });
  call("StopTask", { cluster: "anywhere", task: arns[0] });
  advance(1);
  expect(list({})).toMatchObject({ taskArns: [arns[1]] });
  expect(list({ desiredStatus: "STOPPED" })).toMatchObject({ taskArns: [arns[0]] });
  expect(() => list({ containerInstance: "absent" })).toThrow("Referenced container instance was not found.");
});

test.each([
  [{ drop: ["ALL"] }, { add: [], drop: ["ALL"] }],
  [{ add: ["SYS_PTRACE"] }, { add: ["SYS_PTRACE"], drop: [] }],
  [{ add: [], drop: [] }, undefined],
  [{}, undefined],
])("capabilities %j of a container come back as %j", (capabilities, kept) => {
  const { call } = createStage();
  registerRevision(call, { linuxParameters: { initProcessEnabled: true, capabilities } });
  const { taskDefinition } = call("DescribeTaskDefinition", { taskDefinition: "app" }) as {
    taskDefinition: { containerDefinitions: [{ linuxParameters: object }] };
  };
  const linuxParameters = { initProcessEnabled: true, ...(kept && { capabilities: kept }) };
  expect(taskDefinition.containerDefinitions[0].linuxParameters).toEqual(linuxParameters);
});

test("a task definition may have 65536 bytes, its tags apart, and no more", () => {
  const { call } = createStage();
  const register = (length: number) => {
    const definitionOf = (value: string) => ({
      family: "long",
      requiresCompatibilities: ["EXTERNAL"],
      containerDefinitions: [
        {
          name: "app",
          image: "registry.example/app:v1",
          memory: 64,
          environment: [{ name: "TEXT", value }],
        },
      ],
    });
    // An umlaut takes two bytes.
    const shortest = Buffer.byteLength(JSON.stringify(definitionOf("ü")));
    const definition = definitionOf(`ü${"x".repeat(length - shortest)}`);
    return call("RegisterTaskDefinition", { ...definition, tags: [{ key: "team", value: "platform" }] });
  };

  expect(register(65536)).toMatchObject({ taskDefinition: { family: "long", revision: 1 } });
  expect(() => register(65537)).toThrow(
    expect.objectContaining({
      code: "ClientException",
      message: "Actual length: '65537'. Max allowed length is '65536' bytes.",
    }),
  );
});

test("the overrides of a task may have 8192 characters of JSON, and no more", () => {
  const { call, addNode } = createStage();
  addNode();
  const overridesOf = (word: string) => ({ containerOverrides: [{ name: "app", command: [word] }] });
  const shortest = JSON.stringify(overridesOf("")).length;
  const start = (length: number) =>
    call("RunTask", { ...input, overrides: overridesOf("x".repeat(length - shortest)) });

  expect(() => start(8193)).toThrow(
    expect.objectContaining({
      code: "InvalidParameterException",
      message: "Container Overrides length must be at most 8192",
    }),
  );
  expect(start(8192)).toMatchObject({ tasks: [{ group: "family:app" }], failures: [] });
});
