import { DeleteServiceCommand } from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { StatusReport } from "../../cli/report/schemas/status-report";
import { startLifeCycle, type LifeCycle } from "../support/deployments/life-cycle";
import { operatorOf, type Operator } from "../support/deployments/operator";
import { sample } from "../support/deployments/sample-environment";
import { eventually } from "../support/jest/eventually";
import { awsClients } from "../support/observation/clouds";
import { dropletSite, machineOf, nodesOf } from "../support/observation/nodes";
import { serviceOf } from "../support/observation/services";
import { startCommand } from "../support/programs/running-command";

const sites = { ams3: dropletSite("one") };
// Its task serves for 43 s after its stop signal, so that everything can be seen meanwhile.
const health = { intervalSeconds: 8, unhealthyAfter: 4, healthyAfter: 2 };
const slow = { services: { web: sample({ http: { port: 8080, handover: "app", health } }) } };

let life: LifeCycle;
let operator: Operator;
let clients: ReturnType<typeof awsClients>;

beforeAll(async () => {
  life = await startLifeCycle({ name: "ended-services", sites, environment: slow });
  operator = operatorOf(life, slow);
  operator.configure(sites);
  clients = awsClients(life.cloud);
  expect(await life.site("ams3").apply()).toSucceed();
  expect(await life.web.apply()).toSucceed();
}, 300_000);

afterAll(async () => {
  clients.ecs.destroy();
  clients.ssm.destroy();
  await life.stop();
});

const statusOf = async () => (await serviceOf(clients.ecs, life, "ams3")).status;

/** Seconds that a destroy of the service takes, and its output. */
async function destroyService() {
  const begun = performance.now();
  const ended = await operator.anywhere("destroy", "service-web", "--auto-approve");
  return { ended, seconds: (performance.now() - begun) / 1000 };
}

const withoutRefresh = (reason: string) => `Destroyed from its state without a refresh, since ${reason}.`;

/** Begins to destroy the service, and interrupts that while it drains. */
async function interruptDestroy(): Promise<void> {
  const interrupted = startCommand(operator.command("destroy", "service-web", "--auto-approve"));
  await eventually("the service drains", async () => ((await statusOf()) === "DRAINING" ? true : undefined));
  interrupted.signal("SIGINT");
  expect((await interrupted.ended).exitCode).toBe(130);
}

test("status reports a service whose destroy was interrupted, and the next destroy waits only for its tasks", async () => {
  await interruptDestroy();
  const { problems } = JSON.parse((await operator.anywhere("status", "--json")).stdout) as StatusReport;
  expect(problems).toEqual([
    {
      kind: "service-missing",
      subject: "web--ams3",
      message: "is being deleted; tasks still running: 1",
      remedy:
        '"npm run destroy -- service-web" completes that; "npm run deploy -- service-web" brings it back',
    },
  ]);

  const { ended, seconds } = await destroyService();
  expect(ended).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining(withoutRefresh("ECS is still removing web--ams3")),
    stdout: expect.stringContaining("Destruction complete"),
  });
  expect(await statusOf()).toBe("INACTIVE");
  // The task's 43 s; the provider's two minutes of looking for the service would end later.
  expect(seconds).toBeLessThan(100);
}, 300_000);

test("a diff explains why it takes long when somebody else has removed a service, and a destroy doesn't wait", async () => {
  expect(await life.web.apply()).toSucceed();
  const which = { cluster: life.deployment, service: "web--ams3" };
  await clients.ecs.send(new DeleteServiceCommand({ ...which, force: true }));
  await eventually("the service is gone", async () => ((await statusOf()) === "INACTIVE" ? true : undefined));
  expect(await operator.anywhere("diff", "service-web")).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("This takes two minutes, since ECS no longer has web--ams3: "),
  });
  const { ended, seconds } = await destroyService();
  expect(ended).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining(withoutRefresh("ECS no longer has web--ams3")),
  });
  expect(seconds).toBeLessThan(100);
}, 300_000);

test("after an interrupted destroy the next one doesn't wait for the tasks of an agent that was lost meanwhile", async () => {
  expect(await life.web.apply()).toSucceed();
  await interruptDestroy();
  await life.cloud.admin.machine(await machineOf(life, "ams3", "one"), "agent-stop");
  await eventually("the agent is lost", async () =>
    (await nodesOf(life, "ams3"))("one").connected ? undefined : true,
  );
  const { ended, seconds } = await destroyService();
  expect(ended).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^service-web \| .*deregistered ams3\/one \(\w+\) from ECS by force/m),
  });
  expect(await statusOf()).toBe("INACTIVE");
  expect(seconds).toBeLessThan(100);
}, 300_000);
