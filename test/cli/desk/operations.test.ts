import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { limitTo } from "../../../cli/terraform/limit";
import { nodeTags } from "../../../config/names";
import type { Environment } from "../../../config/schema";
import { run } from "../../../demo/command";
import type { LoopbackServer } from "../../../local-cloud/http-server";
import { comparable, namedIn, shownUnder } from "../../support/files/shown-commands";
import { accountId, fakeTerraform } from "../project";
import { startDeskProject, type DeskProject } from "./desk-project";
import { stateWith } from "./fleet-state";
import { sandboxServers, type SandboxServers } from "./sandbox-servers";
import { serveLogs, type StandInLogs } from "./stand-in-logs";
import { serveSystemsManager } from "./systems-manager";

// Each command takes a second or two, and several where others are at work on the computer.
jest.setTimeout(600_000);

const page = "docs/operations.md";
const tags = { present: "4be06c8f1d92a753", earlier: "91c7d20be5f3846a", first: "c2a5e8f04b7d1936" };
const image = `registry.example/shop/app:${tags.present}`;
let desk: DeskProject;
let logs: StandInLogs;
let servers: SandboxServers;
let systemsManager: LoopbackServer;
/** The environment as its file has it. */
let environment: Omit<Environment, "name" | "aws">;

beforeAll(async () => {
  servers = sandboxServers();
  servers.add("root@192.0.2.12");
  logs = await serveLogs();
  logs.printed = printed;
  environment = {
    sites: {
      ams3: { kind: "digitalocean", region: "ams3", nodes: 3 },
      berlin: { kind: "on-premises", nodes: { "rack-1": {} } },
    },
    services: { web: { image, http: { port: 8080 } }, worker: { image, placement: { ams3: 1 } } },
    jobs: { report: { image, schedule: "cron(30 4 * * ? *)", site: "ams3" } },
    installer: { signingKey: servers.signed.fingerprint },
  };
  desk = await startDeskProject(environment);
  systemsManager = await serveSystemsManager(desk);
  desk.stage.ecs.nodes.forEach((node) => {
    node.run = ({ family }) =>
      family.endsWith("--one-off")
        ? { status: "STOPPED", health: "UNKNOWN", exitCode: 0 }
        : { status: "RUNNING", health: "HEALTHY" };
  });
  await deploy();
  await desk.stage.measured(3);
}, 600_000);

afterAll(async () => {
  await systemsManager.close();
  await desk.close();
  await logs.close();
  servers.remove();
});

/** Changes the environment's file, as the page tells. */
function change(sites: Environment["sites"]): void {
  environment = { ...environment, sites };
  desk.project.configure({ name: "anywhere", ...environment });
}

async function deploy(...stacks: readonly string[]): Promise<void> {
  expect(await anywhere(["deploy", ...stacks, "--auto-approve"])).toSucceed();
}

/** Both of its streams in one, as a terminal shows them. */
function anywhere(args: readonly string[], more: NodeJS.ProcessEnv = {}) {
  const programs = desk.project.programs({ ssh: servers.ssh, "session-manager-plugin": "echo 1.2.707.0" });
  return run({
    program: "bash",
    args: ["-c", 'exec "$0" cli/anywhere.js "$@" 2>&1', process.execPath, ...args],
    folder: desk.project.folder,
    variables: {
      ...desk.variables,
      ANYWHERE_SIGNING_KEY: servers.signed.fingerprint,
      PATH: `${programs}:${desk.variables["PATH"] ?? ""}`,
      AWS_ENDPOINT_URL_SSM: systemsManager.url,
      AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs.url,
      ...more,
    },
    log: undefined,
    seconds: 300,
  });
}

const started = Date.now();

/** A line of each task of the service `web`, in the order of their starts. */
function printed() {
  const tasks = [...desk.stage.world.aws.tasks.values()].filter(({ taskDefinitionArn }) =>
    taskDefinitionArn.includes("/anywhere--web--"),
  );
  return tasks.map(({ arn, startedBy }, index) => ({
    eventId: arn,
    timestamp: started + index * 1000,
    logStreamName: `app/app/${arn.split("/").at(-1) ?? ""}`,
    message: startedBy === "anywhere-run" ? "2 migrations applied" : "listening on port 8080",
  }));
}

/** Lets time go by in the clouds: a node that Terraform replaces is gone, and a droplet comes again. */
function letTimeGoBy(): () => void {
  const { stage, project } = desk;
  const record = () => project.lines("record").filter((line) => line.includes(" compute-"));
  let seen = record().length;
  const timer = setInterval(() => {
    const all = record();
    for (const line of all.slice(seen)) {
      const [sign, stack = "", node = ""] = line.split(" ");
      const key = `${stack.replace("compute-", "")}/${node}`;
      if (sign === "-") {
        stage.deregister(key);
      } else {
        stage.register(key, environment);
      }
    }
    seen = all.length;
    // Not into the future: a load balancer's measurement counts when it is younger than the task.
    stage.ecs.advance(Math.min(2, Math.max(0, Date.now() - stage.ecs.now()) / 1000));
  }, 400);
  return () => {
    clearInterval(timer);
  };
}

/** Runs the commands of a section one after the other, and compares what they print with what it shows. */
async function expectAsShown(heading: string, count: number, more: NodeJS.ProcessEnv = {}): Promise<void> {
  const shown = shownUnder(page, heading);
  expect(shown).toHaveLength(count);
  const stop = letTimeGoBy();
  try {
    for (const { args, output } of shown) {
      const ended = await anywhere(args, more);
      const text = comparable(ended.stdout.replace(/^environment: .*\n/m, ""));
      // Where the page leaves something out, the rest stands in its order.
      const parts = output.split(/^…$/m).map(comparable);
      let rest = text;
      const found = parts.map((part, index) => {
        const at = index === 0 ? 0 : Math.max(0, rest.indexOf(part));
        const there = rest.slice(at, at + part.length);
        rest = rest.slice(at + part.length);
        return there;
      });
      if (parts.at(-1) !== "") {
        found.push(rest);
        parts.push("");
      }
      expect([args, ...found]).toEqual([args, ...parts]);
    }
  } finally {
    stop();
  }
}

test("every command that docs/operations.md names exists, with its options", async () => {
  const named = namedIn(page);
  expect(named.length).toBeGreaterThan(20);
  const limit = limitTo(4);
  const refused = named.map((args) => limit(() => anywhere(args, { ANYWHERE_ENV: "missing" })));
  for (const [index, { stdout, exitCode }] of (await Promise.all(refused)).entries()) {
    // A command that is understood fails only because of the missing file.
    const ended = { args: named[index], isRefused: exitCode > 0, usage: /^error: .*/m.exec(stdout)?.[0] };
    expect(ended).toEqual({ args: named[index], isRefused: true, usage: undefined });
  }
});

// Each leaves the deployment as the next one needs it.
test("docs/operations.md shows what doctor prints", () => expectAsShown("On a new computer", 1));

test("docs/operations.md shows what status prints", () => expectAsShown("Look", 1));

test("docs/operations.md shows what logs and events print", () => expectAsShown("Follow logs", 2));

test("docs/operations.md shows what a migration prints", () => expectAsShown("Run a migration", 1));

test("docs/operations.md shows which images a service has, and how to roll back to an earlier one", async () => {
  const { project } = desk;
  mkdirSync(join(project.folder, "app"));
  writeFileSync(join(project.folder, "app/Dockerfile"), "FROM scratch\n");
  project.configure({
    name: "anywhere",
    images: { app: { build: "app" } },
    services: { web: { image: "app", http: { port: 8080 } } },
  });
  project.nodes.image = `registry.example/app:${tags.present}`;
  project.aws.behaviour.images = [
    { imageTags: [tags.present, "commit-d4c1f0a97b3e"], pushed: "2026-11-26T09:12:40Z" },
    { imageTags: [tags.earlier, "commit-80b5e6d21fc4"], pushed: "2026-11-24T15:03:11Z" },
    { imageTags: [tags.first], pushed: "2026-11-20T08:47:59Z" },
  ];
  const outputs = {
    deployment: { value: { name: "anywhere", account: accountId, region: "eu-west-1" } },
    execution_role_arns: { value: { web: "web" } },
    image_uri: { value: project.nodes.image },
  };
  const state = join(project.folder, "rollback.tfstate");
  writeFileSync(state, JSON.stringify({ version: 4, lineage: "one", outputs, resources: [] }));
  await expectAsShown("Roll back", 2, {
    TERRAFORM_BINARY_NAME: fakeTerraform,
    FAKE_STATE: state,
    FAKE_CHANGES: "yes",
    IMAGE_TAG: tags.present,
    AWS_ENDPOINT_URL_SSM: project.nodes.url,
    AWS_ENDPOINT_URL_ECS: project.nodes.url,
  });
  change(environment.sites);
});

test("docs/operations.md shows what drain and undrain print", () =>
  expectAsShown("Take a node out of service", 2));

test("docs/operations.md shows what is orphaned, and how it is removed", async () => {
  const { DIGITALOCEAN_API_URL: url = "", DIGITALOCEAN_TOKEN: token = "" } = desk.stage.clouds;
  const tag = "anywhere--ams3";
  const droplet = { region: "ams3", size: "s-1vcpu-1gb", image: "ubuntu-24-04-x64", tags: [tag] };
  const made = await fetch(`${url}/v2/droplets`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ ...droplet, name: `${tag}--node-4` }),
  });
  expect(made.ok).toBe(true);
  for (const group of ["/ecs/anywhere/web", "/ecs/anywhere/shop"]) {
    logs.groups.set(group, { [nodeTags.deployment]: "anywhere" });
  }
  const nodes = ["ams3/node-1", "ams3/node-2", "ams3/node-3", "berlin/rack-1"];
  await expectAsShown("Clean up", 2, {
    TERRAFORM_BINARY_NAME: fakeTerraform,
    FAKE_STATE: stateWith(desk, nodes),
    AWS_ENDPOINT_URL_SSM: desk.stage.clouds["AWS_ENDPOINT_URL"],
  });
});

test("docs/operations.md shows how nodes are replaced one at a time", async () => {
  change({
    ...environment.sites,
    ams3: { kind: "digitalocean", region: "ams3", nodes: 3, size: "s-2vcpu-2gb" },
  });
  await expectAsShown("Replace nodes", 1);
});

test("docs/operations.md shows how a server joins", async () => {
  change({ ...environment.sites, berlin: { kind: "on-premises", nodes: { "rack-1": {}, "rack-2": {} } } });
  await deploy("activations", "compute-berlin");
  await expectAsShown("Join a server", 1);
});

test("docs/operations.md shows what heal prints about a lost node", async () => {
  desk.stage.lose("ams3/node-3", { ecs: true, ssm: true });
  await expectAsShown("Survive a lost node", 2);
});
