import { afterAll, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePython } from "../../../local-cloud/python/environment";
import { startDeskStage, type DeskStage } from "../../support/stages/desk-stage";

// Each command takes a second or two, and several where others are at work on the computer.
jest.setTimeout(120_000);

const image = "registry.example/shop/app:v7";
const services = {
  web: { image, exec: true },
  worker: { image, placement: { ams3: 1 } },
  second: { image, placement: { berlin: 1 }, exec: true },
};
const jobs = { report: { image, schedule: "cron(30 4 * * ? *)", site: "ams3" } };
let stage: DeskStage;
let folder: string;

beforeAll(async () => {
  stage = await startDeskStage({
    sites: {
      ams3: { kind: "digitalocean", region: "ams3", nodes: 2 },
      berlin: { kind: "on-premises", nodes: { "rack-1": {} } },
    },
    services,
    jobs,
  });
  stage.ecs.nodes.forEach((node) => {
    node.run = () => ({ status: "RUNNING", health: "HEALTHY", runtimeId: "0123abcd-4567" });
  });
  stage.ecs.advance(2);
  folder = mkdtempSync(join(tmpdir(), "exec-"));
  const { aws } = await ensurePython(".local-cloud");
  symlinkSync(aws, join(folder, "aws"));
}, 600_000);

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await stage.close();
});

/** Stands in for the Session Manager plugin, which would connect to AWS: it notes what it is to do, and does this. */
function havePlugin(...session: readonly string[]): void {
  const lines = [
    "#!/bin/sh",
    `[ "$1" != --version ] || echo 1.2.707.0`,
    "[ $# -gt 1 ] || exit 0",
    `printf '%s\\n' "$@" >"${folder}/asked"`,
    ...session,
  ];
  writeFileSync(join(folder, "session-manager-plugin"), `${lines.join("\n")}\n`, { mode: 0o755 });
}

beforeEach(() => {
  rmSync(join(folder, "asked"), { force: true });
  havePlugin();
});

const path = () => `${folder}:${process.env["PATH"] ?? ""}`;
const exec = (...args: readonly string[]) => stage.anywhere(["exec", ...args], { PATH: path() });

const idOf = (arn = "") => arn.split("/").at(-1) ?? "";
const taskOf = (service: string, node?: string) =>
  idOf(
    stage.ecs
      .tasks()
      .find(
        ({ group, containerInstanceArn }) =>
          group === `service:${service}` &&
          (node === undefined || containerInstanceArn === stage.node(node).containerInstanceArn),
      )?.arn,
  );
const asked = () => readFileSync(join(folder, "asked"), "utf8").split("\n");

test("exec opens a session in a container with the AWS CLI, and its plugin takes over", async () => {
  const { exitCode, stderr, calls } = await exec(
    "web",
    "--site",
    "berlin",
    "--",
    "sh",
    "-c",
    "echo it's $HOME",
  );
  const task = taskOf("web--berlin");
  expect({ exitCode, stderr }).toEqual({
    exitCode: 0,
    stderr: expect.stringContaining(`web: container app of task ${task} on berlin/rack-1\n`),
  });
  expect(calls.find(({ name }) => name === "ExecuteCommand")).toMatchObject({
    status: 200,
    caller: expect.stringMatching(/^aws-cli\//),
    detail: {
      cluster: "anywhere",
      task,
      container: "app",
      interactive: true,
      command: `sh -c 'echo it'"'"'s $HOME'`,
    },
  });
  const [session = "", region, action, , target = ""] = asked();
  expect(JSON.parse(session)).toMatchObject({ streamUrl: expect.stringContaining("ssmmessages.invalid") });
  expect([region, action]).toEqual(["eu-west-1", "StartSession"]);
  expect(JSON.parse(target)).toEqual({ Target: `ecs:anywhere_${task}_0123abcd-4567` });
});

test("exec accepts the beginning of a task's id, and the name of a node", async () => {
  const task = taskOf("web--ams3", "ams3/node-2");
  for (const target of [task.slice(0, 8), "ams3/node-2"]) {
    const { exitCode, calls } = await exec(target, "--", "sh");
    expect(exitCode).toBe(0);
    expect(calls.find(({ name }) => name === "ExecuteCommand")?.detail).toMatchObject({
      task,
      command: "sh",
    });
  }
});

test("Ctrl-C at a terminal goes to the session, and the command ends when the session does", async () => {
  havePlugin(
    `exec perl -e '$SIG{INT} = sub { print "Ctrl-C\n" }; $| = 1; print "ready\n"; print "read ", <STDIN> . ""'`,
  );
  const { program, args, variables } = stage.command(["exec", "second", "--", "sh"]);
  const child = spawn(
    "script",
    ["--quiet", "--return", "--flush", "--command", ["exec", program, ...args].join(" "), "/dev/null"],
    { env: { ...variables, PATH: path() }, stdio: ["pipe", "pipe", "inherit"] },
  );
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
  });
  const ended = once(child, "close");
  const isShown = async (text: string) => {
    while (!shown.includes(text)) {
      await once(child.stdout, "data");
    }
  };
  try {
    await isShown("ready");
    child.stdin.write("\x03");
    await isShown("Ctrl-C");
    child.stdin.write("exit\n");
    expect(await ended).toEqual([0, null]);
    expect(shown).toMatch(/read exit\s+$/);
  } finally {
    child.kill();
  }
});

/** The refusal of exec, which has opened no session then. */
async function refusal(...args: readonly string[]): Promise<string> {
  const { exitCode, stderr, calls } = await exec(...args);
  expect({ exitCode, sessions: calls.filter(({ name }) => name === "ExecuteCommand") }).toEqual({
    exitCode: 1,
    sessions: [],
  });
  expect(existsSync(join(folder, "asked"))).toBe(false);
  return stderr.replace(/^environment: .*\n/, "");
}

test("exec says what is missing: the setting, a roll-out since, or a matching task, site or container", async () => {
  expect(await refusal("worker", "--", "sh")).toBe(
    'services.worker.exec is false: set it to true, and run "npm run deploy -- control-plane service-worker".\n',
  );
  stage.configure({ services: { ...services, worker: { ...services.worker, exec: true } } });
  expect(await refusal("worker", "--", "sh")).toBe(
    "The tasks of worker started before services.worker.exec was set. The next roll-out starts new ones; at once, " +
      '"aws ecs update-service --region eu-west-1 --cluster anywhere --service worker--ams3 --force-new-deployment" does so.\n',
  );
  stage.configure({});
  expect(await refusal("report", "--", "sh")).toContain("No task of report runs");
  expect(await refusal("wbe", "--", "sh")).toContain("Did you mean web?");
  expect(await refusal("ffffffff", "--", "sh")).toContain("No task of ffffffff runs");
  expect(await refusal("web", "--site", "ams", "--", "sh")).toContain("No site is called ams");
  expect(await refusal("web", "--container", "proxy", "--", "sh")).toMatch(
    /^Task \w{32} has no container proxy: it has app\.\n$/,
  );
  expect(await refusal("berlin/rack-1", "--", "sh")).toMatch(
    /^berlin\/rack-1 runs several: name one of the tasks (\w{8} of (web|second)(, )?){2}\.\n$/,
  );
});

test("exec says that the Session Manager plugin is missing, and where to get it, once it knows the task", async () => {
  rmSync(join(folder, "session-manager-plugin"));
  expect(await refusal("wbe", "--", "sh")).toContain("Did you mean web?");
  expect(await refusal("web", "--site", "berlin", "--", "sh")).toMatch(
    /^session-manager-plugin can't be run \(ENOENT\): install the Session Manager plugin 1\.1 or later \(https:/,
  );
});

test("exec says which agent is missing: the node's or the container's", async () => {
  const node = stage.node("berlin/rack-1");
  node.run = () => ({ status: "PENDING", health: "UNKNOWN" });
  stage.ecs.advance(2);
  expect(await refusal("second", "--", "sh")).toMatch(
    /^The agent of ECS Exec in container app of task \w{32} is PENDING: try again if the task has just started/,
  );
  stage.lose("berlin/rack-1", { ecs: true, ssm: false });
  expect(await refusal("second", "--", "sh")).toContain("The ECS agent of berlin/rack-1 isn't connected");
});
