import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { mustRun, run, type Ended } from "../../demo/command";
import { startLocalCloud, type LocalCloud } from "../../local-cloud/start";
import { shortWaits } from "../support/deployments/life-cycle";
import { environmentOf } from "../support/deployments/sample-environment";

jest.setTimeout(600_000);

const directory = resolve(".local-cloud/tests/pipeline");
/** A second checkout of the same sources, as a pipeline's next job has it. */
const checkout = join(directory, "builds/4711/checkout");
const bucket = "pipeline-states";
const name = "piped";

let cloud: LocalCloud;

beforeAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(checkout, { recursive: true });
  const files = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const sources = execFileSync("git", files, { encoding: "utf8" }).split("\0");
  for (const file of sources.filter((path) => path !== "" && !/^(test|demo|docs)\//.test(path))) {
    cpSync(file, join(checkout, file));
  }
  symlinkSync(resolve("node_modules"), join(checkout, "node_modules"));
  cloud = await startLocalCloud({ directory, output: openSync(join(directory, "cloud.log"), "w") });
  const place = ["--region", "eu-west-1", "--create-bucket-configuration", "LocationConstraint=eu-west-1"];
  await mustRun(command("aws", ["s3api", "create-bucket", "--bucket", bucket, ...place]));
  const environment = environmentOf(
    { office: { kind: "on-premises", nodes: { "rack-1": {} } } },
    {
      name,
      services: {},
      monitoring: { enabled: false },
      backend: { kind: "s3", bucket, region: "eu-west-1" },
    },
  );
  writeFileSync(join(directory, "piped.json"), JSON.stringify(environment));
  await Promise.all(
    [process.cwd(), checkout].map((folder) => mustRun(command("npm", ["run", "synth"], folder))),
  );
}, 300_000);

afterAll(() => cloud.stop());

function command(program: string, args: readonly string[], folder = process.cwd()) {
  return {
    program,
    args,
    folder,
    variables: {
      ...cloud.variables,
      ...shortWaits,
      ANYWHERE_ENV: join(directory, "piped.json"),
      ANYWHERE_PLAN_KEY: "kept by the pipeline alone",
      // Of each checkout its own.
      ...(folder === checkout ? {} : { CDKTF_OUTDIR: join(directory, "cdktf.out") }),
    },
    log: join(directory, "pipeline.log"),
    seconds: 300,
  };
}

const plan = (round: number, ...stacks: readonly string[]): Promise<Ended> =>
  run(command("pipelines/plan.sh", [join(directory, `round-${round}`), ...stacks]));
const apply = (round: number, folder = checkout): Promise<Ended> =>
  run(command("pipelines/apply.sh", [join(directory, `round-${round}`)], folder));
const noted = (round: number) =>
  readFileSync(join(directory, `round-${round}`, "stacks.txt"), "utf8")
    .trimEnd()
    .split("\n");

test("saved plans are applied stack by stack in another checkout, with states in S3", async () => {
  expect(await plan(1)).toSucceed();
  expect(noted(1)).toEqual([
    "control-plane\tplanned",
    "activations\twaits for control-plane",
    "compute-office\twaits for activations",
  ]);
  expect(await apply(1)).toMatchObject({ exitCode: 3 });
  // A round plans everything, unless it is told: the control plane has no changes left.
  expect(await plan(2, "activations")).toSucceed();
  expect(noted(2)).toEqual(["activations\tplanned"]);
  expect(await apply(2)).toSucceed();
});

test("of two simultaneous runs, one applies the plans and the other changes nothing, and new plans are empty", async () => {
  expect(await plan(3, "compute-office")).toSucceed();
  expect(noted(3)).toEqual(["compute-office\tplanned"]);
  const ends = await Promise.all([apply(3, process.cwd()), apply(3)]);
  const [one, other] = ends.toSorted((left, right) => left.exitCode - right.exitCode);
  expect(one).toMatchObject({ exitCode: 0 });
  // Behind the lock its plan is out of date; and a lock that goes while Terraform asks whose it is fails at once.
  const outOfDate =
    "its state has changed since the plan was made. Nothing in it was changed: run plan.sh again";
  expect([
    [2, true, false],
    [1, false, true],
  ]).toContainEqual([
    other?.exitCode,
    other?.stderr.includes(`compute-office: ${outOfDate}`),
    other?.stderr.includes("compute-office: somebody else is working on it"),
  ]);
  expect(await plan(4)).toSucceed();
  expect(noted(4).map((line) => line.split("\t")[1])).toEqual(["no changes", "no changes", "no changes"]);
});

test("everything is destroyed from the other checkout", async () => {
  const destroyed = await run(command("pipelines/destroy.sh", [name], checkout));
  expect(destroyed).toSucceed();
  const order = [...destroyed.stderr.matchAll(/^(\S+): applied$/gm)].map(([, id]) => id);
  expect(order).toEqual(["compute-office", "activations", "control-plane"]);
  const left = await Promise.all(
    [
      ["ecs", "list-clusters", "--query", "clusterArns"],
      ["ssm", "describe-activations", "--query", "ActivationList"],
    ].map((args) => mustRun(command("aws", [...args, "--region", "eu-west-1", "--output", "json"]))),
  );
  expect(left.map((json) => JSON.parse(json) as unknown)).toEqual([[], []]);
});
