import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Environment } from "../../config/schema";
import { run, type Ended } from "../../demo/command";
import { createProject, onPremises, type Project } from "./project";

// With the Terraform of the machine, on resources that need no provider.
jest.setTimeout(300_000);

const sites = {
  ams3: { kind: "digitalocean", region: "ams3", nodes: 2 },
  office: onPremises("rack-1"),
} satisfies Environment["sites"];

/** Two checkouts of the same sources, whose states are in the same place. */
let here: Project;
let there: Project;
let shared: string;
let count = 0;

beforeAll(async () => {
  shared = mkdtempSync(join(tmpdir(), "cli-pipeline-"));
  here = await createProject();
  there = await createProject();
  configure({ sites });
  await synth();
}, 60_000);

afterAll(async () => {
  await Promise.all([here.remove(), there.remove()]);
  rmSync(shared, { recursive: true });
});

function configure(environment: Partial<Environment>): void {
  for (const project of [here, there]) {
    project.configure({ backend: { kind: "local", folder: join(shared, "state") }, ...environment });
  }
}

async function synth(): Promise<void> {
  for (const project of [here, there]) {
    expect(await project.anywhere(["synth"])).toMatchObject({ exitCode: 0 });
  }
}

const key = { ANYWHERE_PLAN_KEY: "a key that is nowhere else" };

/** Runs one of the scripts in a checkout. */
function script(
  name: string,
  args: readonly string[],
  project = here,
  more: NodeJS.ProcessEnv = key,
): Promise<Ended> {
  return run({
    program: join(project.folder, "pipelines", `${name}.sh`),
    args,
    folder: shared,
    variables: { ...project.variables, DIGITALOCEAN_TOKEN: "test", RECORD: join(shared, "record"), ...more },
    log: undefined,
    seconds: 120,
  });
}

/** A folder that isn't there yet. */
const newFolder = () => join(shared, `plans-${count++}`);
const noted = (folder: string) => readFileSync(join(folder, "stacks.txt"), "utf8").trimEnd().split("\n");

/** Whatever has been created and destroyed since the last look. */
function carriedOut(): string[] {
  const record = join(shared, "record");
  const lines = readFileSync(record, "utf8").split("\n").filter(Boolean);
  writeFileSync(record, "");
  return lines;
}

test("stacks are planned as far as what they read is known, and applied in another checkout, in rounds", async () => {
  const rounds = [
    {
      exitCode: 3,
      noted: [
        "control-plane\tplanned",
        "activations\twaits for control-plane",
        "compute-ams3\twaits for activations",
        "compute-office\twaits for activations",
        "service-web\twaits for compute-ams3, compute-office",
      ],
      done: ["+ control-plane cluster"],
    },
    {
      exitCode: 3,
      noted: [
        "control-plane\tno changes",
        "activations\tplanned",
        "compute-ams3\twaits for activations",
        "compute-office\twaits for activations",
        "service-web\twaits for compute-ams3, compute-office",
      ],
      done: ["+ activations activations"],
    },
    {
      exitCode: 0,
      noted: [
        "control-plane\tno changes",
        "activations\tno changes",
        "compute-ams3\tplanned",
        "compute-office\tplanned",
        "service-web\tplanned",
      ],
      done: [
        "+ compute-ams3 node-1",
        "+ compute-ams3 node-2",
        "+ compute-office rack-1",
        "+ service-web service",
      ],
    },
  ];
  for (const round of rounds) {
    const folder = newFolder();
    expect(await script("plan", [folder])).toMatchObject({ exitCode: 0 });
    expect(noted(folder)).toEqual(round.noted);
    expect(await script("apply", [folder], there)).toMatchObject({ exitCode: round.exitCode });
    const done = carriedOut();
    // The nodes of a site have no order.
    expect([...done.slice(0, 2).sort(), ...done.slice(2)]).toEqual(round.done);
  }
  const last = newFolder();
  expect(await script("plan", [last])).toMatchObject({ exitCode: 0 });
  expect(noted(last).map((line) => line.split("\t")[1])).toEqual(Array(5).fill("no changes"));
  expect(readdirSync(last).filter((name) => name.endsWith(".plan"))).toEqual([]);
});
