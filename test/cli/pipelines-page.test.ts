import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { limitTo } from "../../cli/terraform/limit";
import { run, type Ended } from "../../demo/command";
import { documentedCommands } from "../support/files/documented-commands";
import { startDeskProject, type DeskProject } from "./desk/desk-project";

// With the Terraform of the machine, on resources that need no provider.
jest.setTimeout(300_000);

const page = "docs/pipelines.md";
const environment = {
  sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: 2 } },
  services: { web: { image: "registry.example/app:v1", http: { port: 8080 } } },
} as const;

let desk: DeskProject;

beforeAll(async () => {
  desk = await startDeskProject(environment);
  desk.project.configure({ name: "anywhere", ...environment }, "dev.json");
}, 60_000);

afterAll(() => desk.close());

/** Runs a block of commands as a pipeline does. */
function shell(block: string, more: NodeJS.ProcessEnv = { ANYWHERE_PLAN_KEY: "a key" }): Promise<Ended> {
  const { project, variables } = desk;
  return run({
    program: "bash",
    args: ["-euo", "pipefail", "-c", block],
    folder: project.folder,
    variables: {
      ...variables,
      ANYWHERE_ENV: "dev.json",
      // Where every activation is there, and unused.
      AWS_ENDPOINT_URL_SSM: project.nodes.url,
      ...more,
    },
    log: undefined,
    seconds: 200,
  });
}

const blocks = (heading: string, count: number): string[] => {
  const shown = documentedCommands(page, heading);
  expect(shown).toHaveLength(count);
  return shown;
};

test("docs/pipelines.md shows a round, and a loop of rounds until no stack waits", async () => {
  const [round = "", loop = ""] = blocks("Plan, approve, apply", 2);
  const first = await shell(round);
  expect(first).toSucceed();
  expect(first.stdout).toContain("| `activations` | waits for control-plane |");
  const rest = await shell(loop);
  expect(rest).toSucceed();
  expect(desk.project.lines("rounds/2/stacks.txt").map((line) => line.split("\t")[1])).toEqual([
    ...["no changes", "no changes", "planned", "planned"],
  ]);
});

test("docs/pipelines.md shows how to check a plan of your own, and how to redact its text", async () => {
  const [check = "", redact = ""] = blocks("A plan of your own", 2);
  const checked = await shell(check);
  expect(checked).toSucceed();
  expect(checked.stdout).toContain("\ncontrol-plane: no changes.\n");
  const redacted = await shell(redact);
  expect(redacted).toSucceed();
  expect(redacted.stdout).toContain("(activation code)");
  expect(redacted.stdout).not.toContain("code-of-");
});

test("docs/pipelines.md shows how to plan again, how to find drift, and how to destroy", async () => {
  const [replan = ""] = blocks("Without saved plans", 1);
  expect(await shell(replan, {})).toSucceed();
  const [drift = ""] = blocks("Drift and lost nodes", 1);
  const fleet = { AWS_ENDPOINT_URL_SSM: desk.stage.clouds["AWS_ENDPOINT_URL"] };
  expect(await shell(drift, fleet)).toSucceed();
  desk.project.configure(
    {
      name: "anywhere",
      ...environment,
      services: { web: { image: "registry.example/app:v2", http: { port: 8080 } } },
    },
    "dev.json",
  );
  const drifted = await shell(`npm run synth\n${drift}`, fleet);
  expect(drifted).toMatchObject({ exitCode: 2 });
  expect(drifted.stderr).toContain("service-web: differs, as shown above");
  rmSync(join(desk.project.folder, "plans"), { recursive: true });
  const [destroy = ""] = blocks("Destroy", 1);
  expect(await shell(destroy)).toSucceed();
});

test("every npm script that docs/pipelines.md names exists, and pipeline scripts refuse unknown options", async () => {
  const text = readFileSync(page, "utf8");
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
  const run = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name = ""]) => name);
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(run));
  const limit = limitTo(4);
  const ended = await Promise.all(
    ["plan", "apply", "drift"].map((name) => limit(() => shell(`pipelines/${name}.sh --not-an-option`))),
  );
  expect(ended.map(({ exitCode }) => exitCode)).toEqual([1, 1, 1]);
});
