import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { until } from "../../local-cloud/fake-machines";
import { fakeTerraform } from "../project";
import { startDeskProject, type DeskProject } from "./desk-project";
import { addOthers, certificate } from "./others";
import { stateWith } from "./fleet-state";
import { serveLogs, type StandInLogs } from "./stand-in-logs";

// Each command takes a second or two, and several where others are at work on the computer.
jest.setTimeout(240_000);

const image = "registry.example/shop/app:v7";
const keys = ["ams3/node-1", "ams3/node-2", "berlin/rack-1"];
let desk: DeskProject;
let logs: StandInLogs;

// Each test has clouds of its own, since it may empty them.
beforeEach(async () => {
  desk = await startDeskProject({
    sites: {
      ams3: { kind: "digitalocean", region: "ams3", nodes: 2 },
      berlin: { kind: "on-premises", nodes: { "rack-1": {} } },
    },
    services: { web: { image, http: { port: 8080 } } },
  });
  logs = await serveLogs();
  await addOthers(desk, logs);
}, 600_000);

afterEach(async () => {
  await logs.close();
  await desk.close();
});

const variablesOf = (state: string | undefined) => ({
  TERRAFORM_BINARY_NAME: fakeTerraform,
  AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs.url,
  ...(state !== undefined && { FAKE_STATE: state }),
});

/** Awaits a command while time goes by. */
async function during<T>(command: Promise<T>): Promise<T> {
  const timer = setInterval(() => {
    desk.stage.ecs.advance(5);
  }, 500);
  try {
    return await command;
  } finally {
    clearInterval(timer);
  }
}

/** Runs the command with this state in every stack, or none at all. */
const orphans = (state: string | undefined, ...args: readonly string[]) =>
  during(desk.json(["orphans", ...args], variablesOf(state)));

/** Makes the next two calls of an operation fail. */
function refuse(service: "digitalocean" | "ecs" | "ssm", operation: string): void {
  const effect = { kind: "error", status: 400, code: "AccessDeniedException", message: "no" } as const;
  desk.stage.world.faults.push({ match: { service, operation }, times: 2, effect });
}

const inShort = (report: unknown) =>
  (report as { readonly orphans: readonly { readonly kind: string; readonly name: string }[] }).orphans.map(
    ({ kind, name }) => `${kind} ${name}`,
  );
const ofNode2 = ["activation", "container instance", "managed instance"].map((kind) => `${kind} ams3/node-2`);
const orphaned = [
  ...ofNode2,
  "droplet anywhere--ams3--node-2",
  `certificate ${certificate}`,
  "log group /ecs/anywhere/old",
];

/** All that is there and isn't orphaned, as long as node-2 is all that a state has lost. */
function others() {
  const { digitalocean, aws } = desk.stage.world;
  return {
    droplets: [...digitalocean.droplets.values()]
      .map(({ name }) => name)
      .filter((name) => !name.endsWith("-2")),
    loadBalancers: [...digitalocean.loadBalancers.keys()],
    tags: [...digitalocean.tags.keys()],
    certificates: [...digitalocean.certificates.values()]
      .map(({ name }) => name)
      .filter((name) => name !== certificate),
    logGroups: [...logs.groups.keys()].filter((name) => !name.endsWith("old")),
    containerInstances: [...aws.containerInstances.values()]
      .filter(({ arn }) => arn !== desk.stage.node("ams3/node-2").containerInstanceArn)
      .map(({ arn, status }) => [arn, status]),
    managedInstances: [...aws.managedInstances.keys()].filter(
      (id) => id !== desk.stage.node("ams3/node-2").managedInstanceId,
    ),
  };
}

test("resources that no state claims are listed once each, and none that belong to a state or to others", async () => {
  const found = await orphans(stateWith(desk, ["ams3/node-1", "berlin/rack-1"]));
  expect(found).toMatchObject({ exitCode: 2, report: { deployment: "anywhere", states: 5 } });
  expect(inShort(found.report)).toEqual(orphaned);
  expect(inShort((await orphans(stateWith(desk, keys))).report)).toEqual(orphaned.slice(4));
});

test("orphans are drained, deregistered and removed, and nothing else is touched", async () => {
  const before = others();
  const mark = desk.stage.world.journal.length;
  const { exitCode, report, stderr } = await orphans(
    stateWith(desk, ["ams3/node-1", "berlin/rack-1"]),
    "--delete",
    "--auto-approve",
  );
  expect({ exitCode, stderr }).toEqual({
    exitCode: 0,
    stderr: expect.stringContaining("ams3/node-2 is draining"),
  });
  expect(report).toMatchObject({ orphans: orphaned.map(() => ({ removed: true, problem: null })) });
  const { digitalocean } = desk.stage.world;
  await until(() => [...digitalocean.droplets.values()].every(({ name }) => !name.endsWith("-2")));
  const changes = desk.stage.world.journal
    .slice(mark)
    .filter(({ kind, status = 0 }) => kind === "call" && status < 300)
    .map(({ name }) => name)
    .filter((name) => /^(Delete|Deregister|Update|DELETE)/.test(name));
  expect(changes).toEqual([
    "DeleteActivation",
    "UpdateContainerInstancesState",
    "DeregisterContainerInstance",
    "DeregisterManagedInstance",
    "DELETE /v2/droplets/{droplet_id}",
    "DELETE /v2/certificates/{certificate_id}",
  ]);
  expect(others()).toEqual(before);
  expect([...digitalocean.certificates.values()].map(({ name }) => name)).toEqual(["anywhere-theirs"]);
  expect(inShort((await orphans(stateWith(desk, ["ams3/node-1", "berlin/rack-1"]))).report)).toEqual([]);
});

test("a node that a deploy records while orphans are looked for is not removed", async () => {
  const state = stateWith(desk, ["ams3/node-1", "berlin/rack-1"]);
  const { journal } = desk.stage.world;
  const mark = journal.length;
  const search = setInterval(() => {
    if (journal.slice(mark).some(({ name }) => name === "ListContainerInstances")) {
      stateWith(desk, keys);
      clearInterval(search);
    }
  }, 1);
  const { report } = await orphans(state, "--delete", "--auto-approve");
  clearInterval(search);
  expect(inShort(report)).toEqual(orphaned.slice(4));
  expect(desk.stage.world.digitalocean.droplets.get(desk.stage.droplet("ams3/node-2"))).toBeDefined();
});

test("a machine whose registration can't be removed stays, and a second run continues", async () => {
  refuse("ssm", "DeregisterManagedInstance");
  const state = stateWith(desk, ["ams3/node-1", "berlin/rack-1"]);
  const failed = await orphans(state, "--delete", "--auto-approve");
  expect(failed.exitCode).toBe(1);
  expect(failed.report).toMatchObject({
    orphans: [
      { kind: "activation", removed: true },
      { kind: "container instance", removed: true },
      { kind: "managed instance", removed: false, problem: "AccessDeniedException: no" },
      {
        kind: "droplet",
        removed: false,
        problem: "registrations must be removed first, and one could not be",
      },
      { kind: "certificate", removed: false },
      { kind: "log group", removed: false },
    ],
  });
  desk.stage.world.faults.splice(0);
  expect(await orphans(state, "--delete", "--auto-approve")).toSucceed();
});

const remedies = ["DigitalOcean may take a minute", "Fix the cause and run the same command again"] as const;

test.each([
  [remedies[0], "a certificate in use", "digitalocean", "DELETE /v2/certificates/{certificate_id}"],
  [remedies[1], "a registration", "ssm", "DeregisterManagedInstance"],
] as const)("the remedy begins with %s where %s stays", async (remedy, _, service, operation) => {
  refuse(service, operation);
  const variables = variablesOf(stateWith(desk, ["ams3/node-1", "berlin/rack-1"]));
  const { stdout } = await during(desk.anywhere(["orphans", "--delete", "--auto-approve"], variables));
  expect(remedies.filter((one) => stdout.includes(one))).toEqual([remedy]);
});

test("a node that can't be drained keeps its registrations and droplet, and is reported with the reason", async () => {
  refuse("ecs", "UpdateContainerInstancesState");
  const { exitCode, report } = await orphans(
    stateWith(desk, ["ams3/node-1", "berlin/rack-1"]),
    "--delete",
    "--auto-approve",
  );
  desk.stage.world.faults.splice(0);
  expect(exitCode).toBe(1);
  expect(report).toMatchObject({
    orphans: expect.arrayContaining([
      expect.objectContaining({
        kind: "container instance",
        removed: false,
        problem: "AccessDeniedException: no",
      }),
      expect.objectContaining({ kind: "managed instance", removed: false }),
      expect.objectContaining({ kind: "droplet", removed: false }),
    ]),
  });
});

test("a site keeps its tag while a droplet can't be removed, so that a second run finds that", async () => {
  // Once for the check of the token's scopes.
  refuse("digitalocean", "DELETE /v2/droplets/{droplet_id}");
  const deleting = ["--delete", "--auto-approve", "--lost-state"];
  const first = await orphans(undefined, ...deleting);
  expect(first).toMatchObject({
    exitCode: 1,
    report: {
      orphans: expect.arrayContaining([
        expect.objectContaining({ kind: "droplet", removed: false, problem: "Refused: no" }),
        expect.objectContaining({
          kind: "tag",
          removed: false,
          problem: "the droplets and load balancers of its site must be removed first",
        }),
      ]),
    },
  });
  const second = await orphans(undefined, ...deleting);
  expect(inShort(second.report)).toEqual(
    expect.arrayContaining([expect.stringMatching(/^droplet anywhere--ams3--node-/), "tag anywhere--ams3"]),
  );
  expect(second.exitCode).toBe(0);
  const { digitalocean } = desk.stage.world;
  await until(() => digitalocean.droplets.size === 2);
  expect([...digitalocean.tags.keys()]).toEqual(["theirs"]);
});

test("a cloud that can't be queried is reported in one line", async () => {
  desk.stage.world.faults.push({
    match: { service: "digitalocean", operation: "GET /v2/certificates" },
    times: 99,
    effect: { kind: "error", status: 429, code: "too_many_requests", message: "Too many requests" },
  });
  const { exitCode, stderr } = await desk.anywhere(["orphans"], variablesOf(undefined));
  desk.stage.world.faults.splice(0);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: expect.stringContaining(
      "DigitalOcean can't be queried (Refused: Too many requests): nothing was removed.",
    ),
  });
});

test("without any state the whole deployment is orphaned, and is removed only with --lost-state", async () => {
  const lost = await orphans(undefined);
  expect(lost).toMatchObject({ exitCode: 2, report: { states: 0 } });
  expect(lost.stderr).toContain("No state of anywhere is where environment.json says");
  expect(inShort(lost.report)).toEqual(
    expect.arrayContaining([...orphaned, "load balancer anywhere--ams3--web", "tag anywhere--ams3"]),
  );
  const deleting = ["orphans", "--delete", "--auto-approve"];
  const refused = await desk.anywhere(deleting, variablesOf(undefined));
  expect(refused).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("--lost-state removes every resource"),
  });
  expect(inShort((await orphans(undefined)).report)).toEqual(inShort(lost.report));

  expect(await orphans(undefined, "--delete", "--auto-approve", "--lost-state")).toMatchObject({
    exitCode: 0,
  });
  const { aws, digitalocean } = desk.stage.world;
  await until(() => digitalocean.droplets.size === 2);
  expect([...digitalocean.droplets.values()].map(({ name }) => name)).toEqual([
    "anywhere--ams3--node-9",
    "theirs",
  ]);
  expect([...digitalocean.tags.keys()]).toEqual(["theirs"]);
  expect([...logs.groups.keys()]).toEqual(["/ecs/anywhere/theirs"]);
  expect([...aws.managedInstances.values()].map(({ iamRole }) => iamRole)).toEqual([
    "foreign",
    "foreign",
    "foreign",
  ]);
});

test("nothing is removed without approval", async () => {
  const { exitCode, stderr } = await desk.anywhere(["orphans", "--delete"]);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: "There is no terminal to approve the removal: add --auto-approve.\n",
  });
});
