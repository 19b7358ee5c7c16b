import { expect, test } from "@jest/globals";
import { createStage, type Outcome, registerRevision } from "../support/stages/ecs-stage";

const app = { name: "app", image: "registry.example/app:v1", memory: 64, cpu: 256 };
const proxy = { name: "proxy", image: "registry.example/proxy:v1", memory: 32, cpu: 128 };
const check = { command: ["CMD", "healthcheck"] };
const dependsOn = (containerName: string, condition: string) => [{ containerName, condition }];

function definition(containerDefinitions: readonly object[], over: object = {}): object {
  return { family: "pair", requiresCompatibilities: ["EXTERNAL"], containerDefinitions, ...over };
}

test.each<[string, object]>([
  ["Container names must be unique: 'app'", definition([app, app])],
  ["at least one essential container", definition([{ ...app, essential: false }])],
  [
    "The link 'other:alias' names no other container",
    definition([app, { ...proxy, links: ["other:alias"] }]),
  ],
  ["The link 'app' names no other container", definition([{ ...app, links: ["app"] }])],
  [
    "Links are not supported when networkMode=host",
    definition([app, { ...proxy, links: ["app"] }], { networkMode: "host" }),
  ],
  [
    "depends on 'other', which is no other container",
    definition([{ ...app, dependsOn: dependsOn("other", "START") }]),
  ],
  ["which has no health check", definition([app, { ...proxy, dependsOn: dependsOn("app", "HEALTHY") }])],
  [
    "must be START, COMPLETE, SUCCESS or HEALTHY",
    definition([app, { ...proxy, dependsOn: dependsOn("app", "STARTED") }]),
  ],
  [
    "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
    definition([app, { ...proxy, dependsOn: dependsOn("app", "SUCCESS") }]),
  ],
  [
    "Containers depend on each other in a circle: 'app', 'proxy'.",
    definition([
      { ...app, dependsOn: dependsOn("proxy", "START") },
      { ...proxy, links: ["app"] },
    ]),
  ],
  [
    "Unknown volume 'data'.",
    definition([{ ...app, mountPoints: [{ sourceVolume: "data", containerPath: "/data" }] }]),
  ],
  [
    "Host port 80 is used by more than one",
    definition(
      [app, proxy].map((each) => ({ ...each, portMappings: [{ containerPort: 8080, hostPort: 80 }] })),
    ),
  ],
  [
    "you must also specify a value for 'executionRoleArn'",
    definition([
      {
        ...app,
        repositoryCredentials: {
          credentialsParameter: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x",
        },
      },
    ]),
  ],
  ["dockerSecurityOptions label:none", definition([{ ...app, dockerSecurityOptions: ["label:none"] }])],
  ["privileged containers", definition([{ ...app, privileged: true }])],
])("a task definition is refused: %s", (message, input) => {
  expect(() => createStage().call("RegisterTaskDefinition", input)).toThrow(message);
});

test("a task definition of several containers is returned as registered, with the defaults of each container", () => {
  const volumes = [{ name: "data", host: { sourcePath: "/srv/data" } }];
  const given = {
    ...proxy,
    links: ["app"],
    dependsOn: dependsOn("app", "HEALTHY"),
    entryPoint: ["sh", "-c"],
    stopTimeout: 40,
    user: "haproxy",
    readonlyRootFilesystem: true,
    dockerSecurityOptions: ["no-new-privileges"],
    linuxParameters: { initProcessEnabled: true, tmpfs: [{ containerPath: "/tmp", size: 16 }] },
    mountPoints: [{ sourceVolume: "data", containerPath: "/data", readOnly: true }],
  };
  const defaults = {
    environment: [],
    portMappings: [],
    volumesFrom: [],
    systemControls: [],
    essential: true,
  };
  const { call } = createStage();
  call("RegisterTaskDefinition", definition([{ ...app, healthCheck: check }, given], { volumes }));
  expect(call("DescribeTaskDefinition", { taskDefinition: "pair" })).toMatchObject({
    taskDefinition: {
      volumes,
      containerDefinitions: [
        {
          ...app,
          ...defaults,
          mountPoints: [],
          healthCheck: { interval: 30, timeout: 5, retries: 3, ...check },
        },
        { ...given, ...defaults },
      ],
    },
  });
});

test("a task takes the CPU, the memory and the ports of all its containers", () => {
  const { call, addNode } = createStage();
  addNode();
  const port = { portMappings: [{ containerPort: 8080 }] };
  call(
    "RegisterTaskDefinition",
    definition([
      { ...app, ...port },
      { ...proxy, memory: 500, ...port },
    ]),
  );
  const input = { cluster: "anywhere", taskDefinition: "pair", launchType: "EXTERNAL" };
  // 1024 MiB of memory are there: 564 fit once.
  expect(call("RunTask", { ...input, count: 2 })).toMatchObject({
    tasks: [
      {
        containers: [
          { name: "app", cpu: "256" },
          { name: "proxy", memory: "500" },
        ],
      },
    ],
    failures: [{ reason: "RESOURCE:MEMORY" }],
  });
});

/** A stage whose one task has these containers, each of which its agent says this of. */
function runs(containers: readonly object[], outcomes: Readonly<Record<string, Outcome>>) {
  const stage = createStage();
  stage.addNode().each = (name) => outcomes[name] ?? { status: "RUNNING", health: "UNKNOWN" };
  stage.call("RegisterTaskDefinition", definition(containers));
  stage.call("RunTask", { cluster: "anywhere", taskDefinition: "pair", launchType: "EXTERNAL" });
  stage.advance(2);
  const [task] = stage.world.aws.tasks.values();
  const { tasks } = stage.call("DescribeTasks", { cluster: "anywhere", tasks: [task?.arn] }) as {
    tasks: [object];
  };
  return { stage, described: tasks[0] };
}

const healthy: Outcome = { status: "RUNNING", health: "HEALTHY" };
const unhealthy: Outcome = { status: "RUNNING", health: "UNHEALTHY" };
const checked = [app, proxy].map((container) => ({ ...container, healthCheck: check }));
const sidecar = { ...proxy, essential: false, healthCheck: check };

test.each<[string, string, readonly object[], Readonly<Record<string, Outcome>>]>([
  ["HEALTHY", "all essential containers with a check are healthy", checked, { app: healthy, proxy: healthy }],
  ["UNKNOWN", "one is not yet", checked, { app: healthy }],
  ["UNHEALTHY", "one is unhealthy and one not yet known", checked, { app: unhealthy }],
  ["HEALTHY", "one has no check", [app, { ...proxy, healthCheck: check }], { proxy: healthy }],
  [
    "HEALTHY",
    "only one that isn't essential is unhealthy",
    [{ ...app, healthCheck: check }, sidecar],
    { app: healthy, proxy: unhealthy },
  ],
  ["UNKNOWN", "only one that isn't essential has a check", [app, sidecar], { proxy: healthy }],
])("a task's health is %s when %s", (health, _, containers, outcomes) => {
  expect(runs(containers, outcomes).described).toMatchObject({ healthStatus: health });
});

test("a task reports each container's status, and why and how a container has stopped", () => {
  const containers = [app, { ...proxy, essential: false }];
  const { described } = runs(containers, {
    proxy: { status: "STOPPED", health: "UNKNOWN", exitCode: 3, reason: "why" },
  });
  expect(described).toMatchObject({
    lastStatus: "RUNNING",
    containers: [
      { name: "app", lastStatus: "RUNNING", image: app.image },
      { name: "proxy", lastStatus: "STOPPED", exitCode: 3, reason: "why", networkBindings: [] },
    ],
  });
});

test("a task whose container can't be started stops with the container's reason", () => {
  const reason = "CannotPullContainerError: failed to resolve ref registry.example/proxy:v1: not found";
  const stopped: Outcome = { status: "STOPPED", health: "UNKNOWN" };
  const { described } = runs([app, proxy], { app: stopped, proxy: { ...stopped, reason } });
  expect(described).toMatchObject({
    lastStatus: "STOPPED",
    stoppedReason: reason,
    stopCode: "TaskFailedToStart",
  });
});

test("a service's task counts once its containers with a health check are healthy", () => {
  const stage = createStage({ settledAfter: 1 });
  let proxyHealth: Outcome = { status: "RUNNING", health: "UNKNOWN" };
  stage.addNode().each = (name) =>
    name === "proxy" ? proxyHealth : { status: "RUNNING", health: "UNKNOWN" };
  registerRevision(stage.call);
  stage.call("RegisterTaskDefinition", definition([app, { ...proxy, healthCheck: check }]));
  const service = {
    serviceName: "pair",
    taskDefinition: "pair",
    launchType: "EXTERNAL",
    schedulingStrategy: "DAEMON",
  };
  stage.call("CreateService", { cluster: "anywhere", availabilityZoneRebalancing: "DISABLED", ...service });
  stage.advance(10);
  expect(stage.service("pair").deployments).toMatchObject([{ rolloutState: "IN_PROGRESS" }]);
  proxyHealth = healthy;
  stage.advance(2);
  expect(stage.service("pair").deployments).toMatchObject([{ rolloutState: "COMPLETED" }]);
});
