import { expect, test } from "@jest/globals";
import {
  account,
  cluster,
  needed,
  region,
  taskDefinition,
  taskRole,
  trust,
  useCloud,
} from "./aws-schedules-stage";

const cloud = useCloud();

const ecs = {
  TaskDefinitionArn: taskDefinition,
  LaunchType: "EXTERNAL",
  TaskCount: 1,
  PlacementConstraints: [{ type: "memberOf", expression: "attribute:site == ams3" }],
};

/** The stage's time is 2023-11-14T22:13:20Z at first. */
const beginning = "2023-11-14T22:13:20Z";

test("a schedule runs its task on time, as its role, and the task's exit code is kept", async () => {
  const EcsParameters = {
    ...ecs,
    TaskCount: 2,
    EnableECSManagedTags: true,
    PropagateTags: "TASK_DEFINITION",
    Tags: [{ key: "a", value: "own" }],
  };
  const tagging = { Action: "ecs:TagResource", Resource: "*" };
  const stage = cloud().scheduled(
    { Arn: cluster, RoleArn: await cloud().role([...needed, tagging]), EcsParameters },
    { ScheduleExpression: "cron(15 23 * * ? *)", ScheduleExpressionTimezone: "Europe/Berlin" },
  );
  stage.call("TagResource", {
    resourceArn: taskDefinition,
    tags: [
      { key: "a", value: "its" },
      { key: "b", value: "its" },
    ],
  });
  const nodes = [stage.addNode({ site: "ams3" }), stage.addNode({ site: "fra1" })];
  nodes.forEach((node) => {
    node.run = ({ taskArn }) => ({
      status: "STOPPED",
      health: "UNKNOWN",
      exitCode: taskArn.length > 0 ? 3 : 0,
    });
  });
  await stage.pass(99);
  expect(stage.done()).toEqual([]);
  await stage.pass(2);
  const [[name, detail] = []] = stage.done();
  expect([name, detail]).toEqual([
    "invoked",
    {
      schedule: "job",
      scheduledTime: "2023-11-14T22:15:00Z",
      failures: 0,
      tasks: [expect.stringContaining(":task/anywhere/"), expect.stringContaining(":task/anywhere/")],
      notPlaced: [],
    },
  ]);
  await stage.pass(3);
  const { tasks } = stage.call("DescribeTasks", {
    cluster: "anywhere",
    tasks: [...stage.world.aws.tasks.values()].map(({ arn }) => arn),
    include: ["TAGS"],
  }) as { tasks: Record<string, unknown>[] };
  const of = stage.nodes[0]?.containerInstanceArn;
  expect(tasks).toHaveLength(2);
  for (const task of tasks) {
    expect(task).toMatchObject({
      containerInstanceArn: of,
      startedBy: "chronos-schedule/job",
      group: "family:app",
      lastStatus: "STOPPED",
      containers: [{ exitCode: 3 }],
      tags: [
        { key: "a", value: "own" },
        { key: "b", value: "its" },
        { key: "aws:ecs:clusterName", value: "anywhere" },
      ],
    });
  }
  await stage.pass(60);
  expect(stage.done()).toHaveLength(1);
  expect(stage.world.journal.filter(({ name }) => name === "RunTask")).toEqual([
    expect.objectContaining({ kind: "call", service: "ecs", caller: "scheduler.amazonaws.com", status: 200 }),
  ]);
});

test("a rate begins at once, stops while disabled, and makes up for nothing when enabled again", async () => {
  const target = { Arn: cluster, RoleArn: await cloud().role(), EcsParameters: ecs };
  const stage = cloud().scheduled(target);
  stage.addNode({ site: "ams3" });
  const times = (): unknown[] => stage.done().map(([, { scheduledTime }]) => scheduledTime);
  await stage.pass(1);
  expect(times()).toEqual([beginning]);
  await stage.pass(60);
  expect(times()).toEqual([beginning, "2023-11-14T22:14:20Z"]);
  const update = (State: string): object =>
    stage.schedule("UpdateSchedule", {
      Name: "job",
      ScheduleExpression: "rate(1 minute)",
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: target,
      State,
    });
  update("DISABLED");
  await stage.pass(120);
  update("ENABLED");
  await stage.pass(1);
  expect(times()).toHaveLength(2);
  await stage.pass(60);
  expect(times().slice(2)).toEqual(["2023-11-14T22:17:20Z"]);
  stage.schedule("DeleteSchedule", { Name: "job" });
  await stage.pass(120);
  expect(times()).toHaveLength(3);
});

test("a schedule with the action DELETE after completion is deleted after its only time", async () => {
  const RoleArn = await cloud().role();
  const stage = cloud().scheduled(
    { Arn: cluster, RoleArn, EcsParameters: ecs },
    { ScheduleExpression: "at(2023-11-14T22:13:30)", ActionAfterCompletion: "DELETE" },
  );
  stage.addNode({ site: "ams3" });
  await stage.pass(5);
  expect(stage.world.aws.schedules.size).toBe(1);
  await stage.pass(6);
  expect(stage.done().map(([name]) => name)).toEqual(["invoked"]);
  expect(stage.world.aws.schedules.size).toBe(0);
});

const runTask = `ecs:RunTask on resource: ${taskDefinition}`;
const passRole = `iam:PassRole on resource: ${taskRole}`;

test.each([
  ["without a policy", needed.slice(2), runTask],
  [
    "for another cluster",
    [{ ...needed[0], Condition: { ArnEquals: { "ecs:cluster": `${cluster}-2` } } }],
    runTask,
  ],
  ["for another revision", [{ ...needed[0], Resource: taskDefinition.replace(/2$/, "1") }], runTask],
  ["with a denial", [...needed, { Effect: "Deny", Action: "ecs:*", Resource: "*" }], runTask],
  ["that may not pass on the task's role", needed.filter((_, index) => index !== 1), passRole],
  [
    "that may pass it on to another service alone",
    [
      needed[0],
      { ...needed[1], Condition: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } } },
    ],
    passRole,
  ],
])("a role %s starts nothing", async (_label, statements, refused) => {
  const RoleArn = await cloud().role(statements.map((one) => ({ ...one })));
  const stage = cloud().scheduled({ Arn: cluster, RoleArn, EcsParameters: ecs });
  stage.addNode({ site: "ams3" });
  await stage.pass(1);
  expect(stage.done()).toEqual([
    [
      "failed",
      expect.objectContaining({
        code: "AccessDeniedException",
        message: expect.stringContaining(`is not authorized to perform: ${refused}`),
      }),
    ],
  ]);
  expect(stage.world.aws.tasks.size).toBe(0);
});

test("an input overrides the command and the environment of the task definition's containers only", async () => {
  const RoleArn = await cloud().role();
  const override = { name: "app", command: ["nightly"], environment: [{ name: "MODE", value: "job" }] };
  const run = async (containerOverrides: readonly object[]) => {
    const Input = JSON.stringify({ containerOverrides });
    const stage = cloud().scheduled({ Arn: cluster, RoleArn, EcsParameters: ecs, Input });
    const seen: unknown[] = [];
    stage.addNode({ site: "ams3" }).run = ({ containers: [container] }) => {
      seen.push([container?.command, container?.environment]);
      return { status: "RUNNING", health: "UNKNOWN", containers: [] };
    };
    await stage.pass(2);
    return { stage, seen };
  };
  const { stage, seen } = await run([override]);
  expect(seen[0]).toEqual([["nightly"], { MODE: "job" }]);
  const [task] = [...stage.world.aws.tasks.keys()];
  expect(stage.call("DescribeTasks", { cluster: "anywhere", tasks: [task] })).toMatchObject({
    tasks: [{ overrides: { containerOverrides: [override] } }],
  });
  const refused = await run([{ ...override, name: "other" }]);
  expect(refused.stage.done()[0]?.[1]).toMatchObject({
    message: "Override for container named other is not a container in the TaskDefinition.",
  });
});

test("a run that fails is retried with pauses, and succeeds once there is a node", async () => {
  const RoleArn = await cloud().role();
  const stage = cloud().scheduled(
    { Arn: cluster, RoleArn, EcsParameters: ecs },
    { ScheduleExpression: "at(2023-11-14T22:13:45)" },
  );
  await stage.pass(41);
  const failures = stage.done();
  expect(failures.map(([name]) => name)).toEqual(Array(5).fill("failed"));
  expect(new Set(failures.map(([, { code }]) => code))).toEqual(new Set(["InvalidParameterException"]));
  stage.addNode({ site: "ams3" });
  await stage.pass(20);
  expect(stage.done().at(-1)).toEqual([
    "invoked",
    expect.objectContaining({ scheduledTime: "2023-11-14T22:13:45Z", failures: 5 }),
  ]);
  expect(stage.world.aws.tasks.size).toBe(1);
});

test("a run that is given up goes to the dead-letter queue with all attributes that the service adds", async () => {
  const queue = await cloud().queue();
  const stage = cloud().scheduled(
    {
      Arn: cluster,
      RoleArn: await cloud().role(),
      EcsParameters: ecs,
      RetryPolicy: { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 60 },
      DeadLetterConfig: { Arn: queue },
    },
    { ScheduleExpression: "at(2023-11-14T22:13:21)" },
  );
  await stage.pass(10);
  expect(stage.done().map(([name]) => name)).toEqual(["failed", "failed", "failed", "dead-lettered"]);
  expect(await cloud().messages(queue)).toEqual([
    {
      body: {
        cluster,
        taskDefinition,
        count: 1,
        launchType: "EXTERNAL",
        startedBy: "chronos-schedule/job",
        placementConstraints: ecs.PlacementConstraints,
      },
      attributes: {
        ERROR_CODE: "InvalidParameterException",
        ERROR_MESSAGE: "No Container Instances were found in your cluster.",
        EXECUTION_ID: expect.stringMatching(/^[0-9a-f]{16}$/),
        EXHAUSTED_RETRY_CONDITION: "MaximumRetryAttempts",
        IS_PAYLOAD_TRUNCATED: "false",
        RETRY_ATTEMPTS: "2",
        SCHEDULED_TIME: "2023-11-14T22:13:21Z",
        SCHEDULE_ARN: `arn:aws:scheduler:${region}:${account}:schedule/default/job`,
        TARGET_ARN: cluster,
      },
    },
  ]);
});

test("without a queue, or the permission to send to it, a run that is given up is dropped", async () => {
  const queue = await cloud().queue();
  const dropped = async (target: object): Promise<unknown> => {
    const stage = cloud().scheduled({
      Arn: cluster,
      EcsParameters: ecs,
      RetryPolicy: { MaximumRetryAttempts: 0 },
      ...target,
    });
    await stage.pass(1);
    return stage.done().at(-1);
  };
  const reason = (text: string) => [
    "dropped",
    expect.objectContaining({ reason: expect.stringContaining(text) }),
  ];
  const RoleArn = await cloud().role(needed.slice(0, 2));
  expect(await dropped({ RoleArn })).toEqual(reason("no dead-letter queue"));
  expect(await dropped({ RoleArn, DeadLetterConfig: { Arn: queue } })).toEqual(reason("sqs:SendMessage"));
  expect(await cloud().messages(queue)).toEqual([]);
});

test("a role that stops trusting the scheduler starts nothing", async () => {
  const RoleArn = await cloud().role(needed, { ...trust, Principal: { Service: "events.amazonaws.com" } });
  const stage = cloud().scheduled({ Arn: cluster, RoleArn, EcsParameters: ecs });
  stage.addNode({ site: "ams3" });
  await stage.pass(1);
  expect(stage.done()).toEqual([["failed", expect.objectContaining({ code: "AccessDeniedException" })]]);
});
