import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import type { StatusReport } from "../../../cli/report/schemas/status-report";
import { eventually } from "../../support/jest/eventually";
import { startCommand, type RunningCommand } from "../../support/programs/running-command";
import { startDeskStage, type DeskStage } from "../../support/stages/desk-stage";

// Each command takes a second or two, and several where others are at work on the computer.
jest.setTimeout(120_000);

let stage: DeskStage;

beforeAll(async () => {
  stage = await startDeskStage({
    sites: { berlin: { kind: "on-premises", nodes: { "rack-1": {}, "rack-2": {} } } },
    services: { web: { image: "registry.example/shop/app:v7" } },
  });
}, 600_000);

afterAll(() => stage.close());

const printed = (running: RunningCommand, pattern: RegExp) =>
  eventually(`${pattern.source} is printed`, () =>
    Promise.resolve(pattern.test(running.printed()) ? true : undefined),
  );

test("with --watch and --json each report is one line, and Ctrl-C ends it silently", async () => {
  const running = startCommand(stage.command(["status", "--json", "--watch", "5"]));
  await printed(running, /"problems":\[\]/);
  stage.lose("berlin/rack-2", { ecs: true, ssm: false });
  await printed(running, /"kind":"agent-lost"/);
  running.signal("SIGINT");
  const { exitCode, stdout, stderr } = await running.ended;
  expect({ exitCode, stderr }).toEqual({
    exitCode: 130,
    stderr: expect.stringMatching(/^environment: .*\n\n$/),
  });
  const looks = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as StatusReport);
  expect(looks.length).toBeGreaterThan(1);
  expect(looks.map(({ problems }) => problems.length)).toEqual(
    looks.map((_, index) => (index === looks.length - 1 ? 1 : 0)),
  );
});

test("at a terminal --watch redraws in place, in colours unless NO_COLOR is set", async () => {
  const { program, args, ...command } = stage.command(["status", "--watch", "5"]);
  const line = [program, ...args].join(" ");
  const atTerminal = (variables: NodeJS.ProcessEnv) =>
    startCommand({
      ...command,
      program: "script",
      args: ["-qec", line, "/dev/null"],
      variables: { ...command.variables, TERM: "xterm", ...variables },
    });
  const coloured = atTerminal({});
  await printed(coloured, /(.\[1;1H.\[0J.*){2}/s);
  expect(coloured.printed()).toContain("\u001b[32mOnline\u001b[39m");
  coloured.signal("SIGKILL");
  const plain = atTerminal({ NO_COLOR: "1" });
  await printed(plain, /rack-1/);
  expect(plain.printed()).not.toContain("\u001b[32m");
  plain.signal("SIGKILL");
  await Promise.all([coloured.ended, plain.ended]);
});
