import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { beforeAll, expect, test } from "@jest/globals";
import { ensurePython } from "../../local-cloud/python/environment";
import { oneSite } from "../support/synthesis/environments";
import { stackOf, synth } from "../support/synthesis/synth";

const { alert_rules: rules = {} } = stackOf(synth(oneSite), "control-plane").locals;
let python: string;

beforeAll(async () => {
  ({ python } = await ensurePython(join(__dirname, "../../.local-cloud")));
}, 600_000);

/** Which of these events the rule of an alert matches. */
function matched(alert: string, events: Readonly<Record<string, object>>): string[] {
  const input = JSON.stringify({ pattern: rules[alert]?.["pattern"], events: Object.values(events) });
  const script = join(__dirname, "../support/stages/match_events.py");
  const { stdout, stderr } = spawnSync(python, ["-I", script], { input, encoding: "utf8" });
  expect(stderr).toBe("");
  const answers = JSON.parse(stdout) as boolean[];
  return Object.keys(events).filter((_, index) => answers[index]);
}

const arn = (resource: string) => `arn:aws:ecs:eu-west-1:123456789012:${resource}`;

/** An event as ECS sends it. Source of all of them: Amazon ECS Developer Guide, "Amazon ECS events". */
const event = (detailType: string, resources: readonly string[], detail: object) => ({
  version: "0",
  id: "af3c496d-f4a8-65d1-70f4-a69d52e9b584",
  "detail-type": detailType,
  source: "aws.ecs",
  account: "123456789012",
  time: "2026-11-26T12:27:22Z",
  region: "eu-west-1",
  resources,
  detail,
});

function instanceEvent(more: object, cluster = "shop") {
  const instance = arn(`container-instance/${cluster}/8db3a0b6f1d04d1d9a7e1e0a8d7b2c3f`);
  return event("ECS Container Instance State Change", [instance], {
    agentConnected: false,
    attributes: [
      { name: "ecs.os-type", value: "linux" },
      { name: "com.amazonaws.ecs.capability.docker-remote-api.1.18" },
    ],
    clusterArn: arn(`cluster/${cluster}`),
    containerInstanceArn: instance,
    ec2InstanceId: "mi-0123456789abcdef0",
    registeredResources: [{ name: "CPU", type: "INTEGER", integerValue: 2048 }],
    remainingResources: [{ name: "CPU", type: "INTEGER", integerValue: 1988 }],
    status: "ACTIVE",
    version: 14801,
    versionInfo: { agentHash: "aebcbca", agentVersion: "1.105.0", dockerVersion: "DockerVersion: 26.1.3" },
    updatedAt: "2026-11-26T12:27:22.000Z",
    ...more,
  });
}

test("agent-lost matches a disconnected agent of this cluster, unless its instance is deregistered", () => {
  expect(
    matched("agent-lost", {
      lost: instanceEvent({}),
      "lost while it drains": instanceEvent({ status: "DRAINING" }),
      connected: instanceEvent({ agentConnected: true }),
      deregistered: instanceEvent({ status: "INACTIVE" }),
      "of another cluster": instanceEvent({}, "shop-eu"),
      "of another source": { ...instanceEvent({}), source: "mine.ecs" },
    }),
  ).toEqual(["lost", "lost while it drains"]);
});

const deploymentEvent = (eventName: string, service = "shop/web--ams3") =>
  event("ECS Deployment State Change", [arn(`service/${service}`)], {
    eventType: eventName === "SERVICE_DEPLOYMENT_FAILED" ? "ERROR" : "INFO",
    eventName,
    deploymentId: "ecs-svc/123",
    updatedAt: "2026-11-26T11:11:11Z",
    reason: "ECS deployment circuit breaker: task failed to start.",
  });

test("deployment-failed matches a service of this cluster, not of one with a similar name", () => {
  expect(
    matched("deployment-failed", {
      failed: deploymentEvent("SERVICE_DEPLOYMENT_FAILED"),
      completed: deploymentEvent("SERVICE_DEPLOYMENT_COMPLETED"),
      "in progress": deploymentEvent("SERVICE_DEPLOYMENT_IN_PROGRESS"),
      "of a longer name": deploymentEvent("SERVICE_DEPLOYMENT_FAILED", "shop-eu/web--ams3"),
      "of a shorter name": deploymentEvent("SERVICE_DEPLOYMENT_FAILED", "sho/web--ams3"),
    }),
  ).toEqual(["failed"]);
});

const serviceEvent = (eventName: string, cluster = "shop") =>
  event("ECS Service Action", [arn(`service/${cluster}/web--ams3`)], {
    eventType: eventName.endsWith("FAILURE") ? "ERROR" : "WARN",
    eventName,
    clusterArn: arn(`cluster/${cluster}`),
    createdAt: "2026-11-26T19:55:38.725Z",
    ...(eventName.endsWith("FAILURE") && { reason: "RESOURCE:PORTS" }),
  });

test.each([
  ["placement-failed", "SERVICE_TASK_PLACEMENT_FAILURE", "SERVICE_TASK_START_IMPAIRED"],
  ["start-impaired", "SERVICE_TASK_START_IMPAIRED", "SERVICE_TASK_PLACEMENT_FAILURE"],
])("%s matches %s of a service of this cluster", (alert, name, another) => {
  expect(
    matched(alert, {
      ours: serviceEvent(name),
      another: serviceEvent(another),
      steady: serviceEvent("SERVICE_STEADY_STATE"),
      "of a longer name": serviceEvent(name, "shop-eu"),
    }),
  ).toEqual(["ours"]);
});

const container = (name: string, more: object) => ({
  containerArn: arn(`container/shop/${name}`),
  lastStatus: "STOPPED",
  name,
  image: `localhost/anywhere/${name}:v1`,
  taskArn: arn("task/shop/c13b4cb40f1f4fe4a2971f76ae5a47ad"),
  networkInterfaces: [],
  cpu: "256",
  memory: "256",
  ...more,
});

function taskEvent(more: object, cluster = "shop") {
  const task = arn(`task/${cluster}/c13b4cb40f1f4fe4a2971f76ae5a47ad`);
  return event("ECS Task State Change", [task], {
    attachments: [],
    clusterArn: arn(`cluster/${cluster}`),
    containerInstanceArn: arn(`container-instance/${cluster}/8db3a0b6f1d04d1d9a7e1e0a8d7b2c3f`),
    containers: [container("app", { exitCode: 1 })],
    desiredStatus: "STOPPED",
    group: "service:web--ams3",
    lastStatus: "STOPPED",
    launchType: "EXTERNAL",
    overrides: { containerOverrides: [] },
    stopCode: "EssentialContainerExited",
    stoppedReason: "Essential container in task exited",
    taskArn: task,
    taskDefinitionArn: arn("task-definition/shop--web--ams3:2"),
    version: 4,
    ...more,
  });
}

test("container-failed matches an essential container's error and a job that can't start, not other stops", () => {
  const job = { group: "family:shop--report" };
  const unstarted = {
    stopCode: "TaskFailedToStart",
    stoppedReason: "CannotPullContainerError",
    containers: [container("app", {})],
  };
  expect(
    matched("container-failed", {
      "a service's error": taskEvent({}),
      "an error beside a container that ended well": taskEvent({
        containers: [container("proxy", { exitCode: 0 }), container("app", { exitCode: 137 })],
      }),
      "a job's error": taskEvent(job),
      "a job that can't start": taskEvent({ ...job, ...unstarted }),
      "a job that ended well": taskEvent({ ...job, containers: [container("app", { exitCode: 0 })] }),
      "a task that can't start, of which its service tells": taskEvent(unstarted),
      "a task that is stopping": taskEvent({ lastStatus: "DEPROVISIONING" }),
      "a stop by the scheduler": taskEvent({
        stopCode: "ServiceSchedulerInitiated",
        stoppedReason: "Scaling activity initiated by (deployment ecs-svc/123)",
        containers: [container("app", { exitCode: 143 })],
      }),
      "a stop by a user": taskEvent({
        stopCode: "UserInitiated",
        containers: [container("app", { exitCode: 137 })],
      }),
      "an error in another cluster": taskEvent({}, "shop-eu"),
    }),
  ).toEqual([
    "a service's error",
    "an error beside a container that ended well",
    "a job's error",
    "a job that can't start",
  ]);
});
