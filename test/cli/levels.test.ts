import { beforeAll, expect, jest, test } from "@jest/globals";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { bearable } from "../../cli/terraform/limit";
import { exitCode, fakeState, fakeTerraform, onPremises, useProject } from "./project";

jest.setTimeout(120_000);

const project = useProject();
const sites = ["a", "b", "c"];
const services = { web: ["a"], api: ["b"], worker: sites };
const compute = sites.map((site) => `compute-${site}`);
const ofServices = Object.keys(services).map((name) => `service-${name}`);
const levels = [["control-plane"], ["activations"], compute, [...ofServices, "jobs"]];
const code = "code-that-nobody-may-see";

let deployed: NodeJS.ProcessEnv;

beforeAll(() => {
  const image = "registry.example/app:v1";
  project().configure({
    sites: Object.fromEntries(sites.map((site) => [site, onPremises("x")])),
    services: Object.fromEntries(
      Object.entries(services).map(([name, at]) => [
        name,
        { image, placement: Object.fromEntries(at.map((site) => [site, 1])) },
      ]),
    ),
    jobs: { report: { image, schedule: "rate(1 day)", site: "b" } },
  });
  deployed = {
    TERRAFORM_BINARY_NAME: fakeTerraform,
    FAKE_CHANGES: "1",
    FAKE_STATE: fakeState(
      project(),
      sites.map((site) => `${site}/x`),
      code,
    ),
  };
});

const run = (args: readonly string[], variables: NodeJS.ProcessEnv = {}) =>
  project().anywhere(args, { ...deployed, ...variables });
const deploy = (args: readonly string[], variables: NodeJS.ProcessEnv = {}) =>
  run(["deploy", "--auto-approve", "--parallel", "4", ...args], variables);

/** The stacks for which a command was called, in this order. */
const called = (command: string, lines: readonly string[] = project().lines("record")) =>
  lines.flatMap((line) => (line.includes(`: ${command} `) ? [line.split(":")[0] ?? ""] : []));

/** As many as each level has, sorted. */
const byLevel = (stacks: readonly string[], sizes: readonly (readonly string[])[]) =>
  sizes.map(({ length }, index) => {
    const before = sizes.slice(0, index).flat().length;
    return stacks.slice(before, before + length).sort();
  });
const sorted = (all: readonly (readonly string[])[]) => all.map((level) => level.toSorted());

/** Makes sure that each apply has begun after those of the stacks with these ids had ended. */
function expectAfter(producers: (id: string) => readonly string[]): void {
  const lines = project().lines("record.running");
  for (const id of levels.flat()) {
    for (const producer of producers(id)) {
      const [end, begin] = [lines.indexOf(`- ${producer} apply`), lines.indexOf(`+ ${id} apply`)];
      expect({ id, producer, isAfter: end >= 0 && begin > end }).toEqual({ id, producer, isAfter: true });
    }
  }
}

/** The stacks that a deploy of one has to wait for. */
function producersOf(id: string): readonly string[] {
  const name = id.replace("service-", "");
  return name in services
    ? services[name as keyof typeof services].map((site) => `compute-${site}`)
    : levels
        .slice(
          0,
          levels.findIndex((level) => level.includes(id)),
        )
        .flat();
}

/** How many Terraforms there were at the same time, at most, that carried out one of these commands. */
function mostTogether(...commands: readonly string[]): number {
  let now = 0;
  return Math.max(
    ...project()
      .lines("record.running")
      .filter((line) => commands.includes(line.split(" ")[2] ?? ""))
      .map((line) => (now += line.startsWith("+") ? 1 : -1)),
  );
}

test.each([
  ["sites", compute],
  ["services", ofServices],
])("a deploy applies all %s at the same time, level by level", async (_, FAKE_TOGETHER) => {
  const { exitCode: ended } = await deploy([], {
    FAKE_TOGETHER: FAKE_TOGETHER.join(" "),
    FAKE_TAKES: "apply 0.2",
  });
  expect(ended).toBe(0);
  expect(called("apply").sort()).toEqual(levels.flat().sort());
  expectAfter(producersOf);
});

test("a destroy runs the levels in reverse order, with all sites at the same time", async () => {
  const args = ["destroy", "--auto-approve", "--parallel", "4"];
  const FAKE_TOGETHER = compute.join(" ");
  expect(await run(args, { FAKE_TOGETHER })).toSucceed();
  expect(called("apply").sort()).toEqual(levels.flat().sort());
  expectAfter((id) => levels.flat().filter((consumer) => producersOf(consumer).includes(id)));
  expect(
    project()
      .lines("record")
      .filter((line) => / plan (?!.* -destroy)/.test(line)),
  ).toEqual([]);
});

test("a stack that needs only one site doesn't wait for the others", async () => {
  const { exitCode: ended } = await deploy([], { FAKE_TOGETHER: "compute-b compute-c service-web" });
  expect(ended).toBe(0);
});

test("--parallel limits how many Terraforms run at the same time", async () => {
  // So that each of them would meet all others.
  const variables = { FAKE_TAKES: "plan 0.5" };
  expect(await run(["diff", "--parallel", "2"], variables)).toMatchObject({ exitCode: 2 });
  expect(mostTogether("init", "state", "plan", "show", "apply")).toBe(2);
  const wrong = await run(["diff", "--parallel", "0"]);
  expect(wrong.exitCode).toBe(1);
  expect(wrong.stderr).toContain("It must be a number from 1 to 999.");
});

test.each([
  [2, 16e9, 8],
  [16, 6e9, 8],
  [4, 0.5e9, 1],
])("on %i cores with %i bytes of free memory, the default of --parallel is %i", (cores, bytes, count) => {
  expect(bearable(cores, bytes)).toBe(count);
  expect(bearable()).toBeGreaterThan(0);
});

test("only one Terraform at a time initialises a stack, since it may write to the shared plugin cache", async () => {
  rmSync(join(project().folder, "cdktf.out"), { recursive: true });
  expect(await deploy([], { FAKE_TAKES: "init 0.3" })).toSucceed();
  expect(called("init").sort()).toEqual(levels.flat().sort());
  expect(mostTogether("init")).toBe(1);
});

test("each line of each stack is whole, marked with its stack, and free of secrets", async () => {
  const says = { FAKE_SAYS: `half a ${code}\nand an end`, FAKE_TOGETHER: compute.join(" ") };
  const { stdout, stderr } = await deploy(compute, says);
  for (const output of [stdout, stderr]) {
    const lines = output.split("\n").filter((line) => / half| and /.test(line));
    expect(lines.sort()).toEqual(
      compute.flatMap((id) => [`${id} | and an end`, `${id} | half a (secrets)`]).sort(),
    );
  }
  const other = await deploy(["control-plane", "compute-a"], { FAKE_SAYS: "said" });
  expect(other.stdout.split("\n").filter((line) => line.includes("said"))).toEqual([
    "control-plane | said",
    "compute-a     | said",
  ]);
  // Nobody's terminal.
  expect(
    project()
      .lines("record")
      .filter((line) => /: (plan|apply) (?!-no-color)/.test(line)),
  ).toEqual([]);
});

test("a failed stack holds up only what waits for it, and the last lines report on each stack", async () => {
  const { exitCode: ended, stderr } = await deploy([], { FAKE_FAILS: "compute-b apply" });
  expect(ended).toBe(1);
  expect(called("apply").sort()).toEqual(["control-plane", "activations", ...compute, "service-web"].sort());
  const lines = stderr.split("\n").slice(-11, -1);
  expect(lines.slice(0, 5).sort()).toEqual(
    ["activations", "compute-a", "compute-c", "control-plane", "service-web"].map((id) => `${id}: done.`),
  );
  expect(lines.slice(5)).toEqual([
    "compute-b: Terraform ended with exit code 1; see the reason above.",
    "service-api: not started, since it waits for compute-b.",
    "service-worker: not started, since it waits for compute-b.",
    "jobs: not started, since it waits for compute-b.",
    "Fix the cause and run the same command again: it continues where this one stopped.",
  ]);
});

test("a service whose plan fails is not applied, and the others are", async () => {
  const { exitCode: ended, stderr } = await deploy(ofServices, { FAKE_FAILS: "service-api plan" });
  expect(ended).toBe(1);
  expect(called("apply").sort()).toEqual(["service-web", "service-worker"]);
  expect(stderr).toContain("service-api    | plan of service-api fails\n");
});

test("a diff plans all stacks even if one fails, and exits with 1", async () => {
  const { exitCode: ended, stderr } = await run(["diff"], { FAKE_FAILS: "compute-b plan" });
  expect(ended).toBe(1);
  expect(called("plan").sort()).toEqual(levels.flat().sort());
  expect(stderr.split("\n").slice(-2)).toEqual([
    "compute-b: Terraform ended with exit code 1; see the reason above.",
    "",
  ]);
  expect(await run(["diff"], { FAKE_CHANGES: "" })).toSucceed();
});

/** Answers one question after the other; returns what was on the screen and in the record when each was asked. */
async function answer(
  args: readonly string[],
  answers: readonly string[],
  variables: NodeJS.ProcessEnv = {},
) {
  const child = project().anywhereAtTerminal(args, { ...deployed, ...variables });
  const asked: { readonly screen: string; readonly record: readonly string[] }[] = [];
  const ended = exitCode(child);
  let screen = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    screen += part;
    if (screen.includes("Enter a value: ")) {
      asked.push({ screen: stripVTControlCharacters(screen), record: project().lines("record") });
      screen = "";
      child.stdin.write(answers[asked.length - 1] ?? "\x03");
    }
  });
  await once(child, "spawn");
  return { code: await ended, asked, screen: stripVTControlCharacters(screen) };
}

test("at a terminal all plans of a level are shown before one question, and exactly these are applied", async () => {
  const { code: ended, asked } = await answer(
    ["deploy"],
    levels.map(() => "yes\n"),
  );
  expect(ended).toBe(0);
  expect(asked).toHaveLength(levels.length);
  for (const [index, { screen, record }] of asked.entries()) {
    const level = levels[index] ?? [];
    const plans = level.length === 1 ? "this plan" : `these ${level.length} plans`;
    expect(screen).toMatch(new RegExp(`Do you want to apply ${plans} \\([^?]*\\)\\?`));
    for (const id of level) {
      expect(screen).toMatch(new RegExp(`^${id} +\\| cli-test--${id}\\.tfstate\\r$`, "m"));
    }
    expect(byLevel(called("plan", record), levels.slice(0, index + 1))).toEqual(
      sorted(levels.slice(0, index + 1)),
    );
    expect(called("apply", record).sort()).toEqual(levels.slice(0, index).flat().sort());
  }
  const lines = project().lines("record");
  const files = (pattern: RegExp) => lines.flatMap((line) => pattern.exec(line)?.slice(1, 2) ?? []).sort();
  expect(files(/: apply (\S+)$/)).toEqual(files(/: plan .*-out=(\S+)$/));
  expect(lines.filter((line) => /: (plan|apply) .*-no-color/.test(line))).toEqual([]);
});

test("at a terminal Terraform shows no colours where NO_COLOR is set", async () => {
  await answer(["diff"], [], { NO_COLOR: "1" });
  const plans = project()
    .lines("record")
    .filter((line) => / plan /.test(line));
  expect(plans).toHaveLength(levels.flat().length);
  expect(plans.filter((line) => !line.includes(" -no-color "))).toEqual([]);
});

test.each([
  ["deploy", "no", "no\n", 1, "Not approved: nothing was changed."],
  ["deploy", "Ctrl-C", "\x03", 130, "Interrupted by SIGINT."],
  ["destroy", "no", "no\n", 1, "Not approved: nothing was changed."],
])(
  "at a terminal a %s answered with %s applies nothing of that level or after it",
  async (command, _, no, expected, said) => {
    const { code: ended, asked, screen } = await answer([command, ...compute, ...ofServices], ["yes\n", no]);
    expect(ended).toBe(expected);
    expect(asked).toHaveLength(2);
    expect(screen).toContain(said);
    expect(screen).not.toContain("refused");
    const [first, second] = command === "deploy" ? [compute, ofServices] : [ofServices, compute];
    expect(called("apply").sort()).toEqual(first.toSorted());
    expect(called("plan").slice(3).sort()).toEqual(second.toSorted());
  },
);

test("at a terminal the question names only stacks that change, and leaves out a failed plan", async () => {
  const { code: ended, asked } = await answer(["deploy", ...ofServices], ["yes\n"], {
    FAKE_FAILS: "service-api plan",
  });
  expect(ended).toBe(1);
  expect(asked).toHaveLength(1);
  expect(asked[0]?.screen).toMatch(/Do you want to apply these 2 plans \(service-\w+, service-\w+\)\?/);
  expect(called("apply").sort()).toEqual(["service-web", "service-worker"]);
  expect(await answer(["deploy", ...ofServices], [], { FAKE_CHANGES: "" })).toMatchObject({
    code: 0,
    asked: [],
  });
});
