import { expect, test } from "@jest/globals";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { parse } from "yaml";

interface Job {
  readonly "runs-on"?: string;
  readonly "timeout-minutes"?: number;
  readonly environment?: string;
  readonly uses?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps?: readonly { readonly uses?: string; readonly run?: string; readonly with?: object }[];
}

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly concurrency?: { readonly group: string; readonly "cancel-in-progress": unknown };
  readonly jobs: Readonly<Record<string, Job>>;
}

const github = "pipelines/github";
const files = [
  ...readdirSync(github).map((name) => `${github}/${name}`),
  ...readdirSync(".github/workflows").map((name) => `.github/workflows/${name}`),
];
const workflows = files.map((file) => ({ file, workflow: parse(readFileSync(file, "utf8")) as Workflow }));
const jobs = workflows.flatMap(({ file, workflow }) =>
  Object.entries(workflow.jobs).map(([name, job]) => ({ name: `${file}: ${name}`, job })),
);
const workflow = (name: string) => workflows.find(({ file }) => file === `${github}/${name}.yml`)?.workflow;

const gitlab = parse(readFileSync("pipelines/gitlab/.gitlab-ci.yml", "utf8")) as Readonly<
  Record<string, { readonly script?: readonly string[]; readonly before_script?: readonly string[] }>
>;

/** Each line that a pipeline runs. */
const lines = [
  ...jobs.flatMap(({ job }) => (job.steps ?? []).flatMap(({ run = "" }) => run.split("\n"))),
  ...Object.values(gitlab).flatMap(({ script = [], before_script = [] }) => [...script, ...before_script]),
].filter(Boolean);

test("every script that a pipeline runs exists, and has the options that it is given", () => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
  const ofNpm = lines.flatMap((line) => [...line.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name));
  expect(new Set(ofNpm)).toEqual(new Set(["lint", "synth", "test:unit", "typecheck"]));
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining([...new Set(ofNpm)]));
  const ours = lines.flatMap((line) => [...line.matchAll(/(pipelines\/\S+\.sh|\.ci\/run)((?: --\S+)*)/g)]);
  expect(new Set(ours.map(([, path]) => path))).toEqual(
    new Set([...["plan", "apply", "destroy", "drift"].map((name) => `pipelines/${name}.sh`), ".ci/run"]),
  );
  for (const [, path = "", options = ""] of ours) {
    expect(existsSync(path) && (statSync(path).mode & 0o111) !== 0).toBe(true);
    options
      .split(" ")
      .filter(Boolean)
      .forEach((option) => {
        expect(readFileSync(path, "utf8")).toContain(`${option})`);
      });
  }
});

test("actions are pinned by commit, each at one version everywhere", () => {
  const used = jobs.flatMap(({ job }) => (job.steps ?? []).flatMap(({ uses }) => uses ?? []));
  expect(used.length).toBeGreaterThan(20);
  expect(used.filter((one) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/.test(one))).toEqual([]);
  const versions = new Set(used);
  expect(new Set([...versions].map((one) => one.split("@")[0])).size).toBe(versions.size);
});

test("jobs have a time limit and no permission that they don't need, and leave no token behind", () => {
  for (const { file, workflow: all } of workflows) {
    expect([file, all.permissions]).toEqual([
      file,
      file.endsWith("ci.yml") || /pull-request|round/.test(file)
        ? { contents: "read" }
        : { contents: "read", "id-token": "write" },
    ]);
  }
  const granted = jobs.flatMap(({ name, job }) =>
    Object.entries(job.permissions ?? {}).map(([scope, access]) => `${name}: ${scope} ${access}`),
  );
  expect(granted.filter((one) => one.endsWith("write"))).toEqual([
    "pipelines/github/pull-request.yml: plan: id-token write",
    "pipelines/github/pull-request.yml: plan: pull-requests write",
    "pipelines/github/round.yml: plan: id-token write",
    "pipelines/github/round.yml: apply: id-token write",
  ]);
  const without = jobs.filter(({ job }) => job.uses === undefined && job["timeout-minutes"] === undefined);
  expect(without.map(({ name }) => name)).toEqual([]);
  const checkouts = jobs.flatMap(({ job }) =>
    (job.steps ?? []).filter(({ uses = "" }) => uses.startsWith("actions/checkout@")),
  );
  expect(checkouts.length).toBeGreaterThan(5);
  expect(checkouts.filter((step) => JSON.stringify(step.with) !== '{"persist-credentials":false}')).toEqual(
    [],
  );
});

test("jobs that change a deployment are in one concurrency group, and applies and destroys are approved", () => {
  const changing = ["deploy", "nightly", "destroy"].map((name) => workflow(name)?.concurrency);
  expect(new Set(changing.map((one) => JSON.stringify(one))).size).toBe(1);
  expect(changing[0]).toMatchObject({ "cancel-in-progress": false });
  expect(workflow("round")?.jobs["apply"]?.environment).toBe("production");
  expect(workflow("destroy")?.jobs["destroy"]?.environment).toBe("production");
});

test("each round of a deploy follows the one before it only if something waits", () => {
  const rounds = Object.entries(workflow("deploy")?.jobs ?? {}) as unknown as [
    string,
    { needs?: string; if?: string; with: { round: number } },
  ][];
  expect(rounds.map(([, job]) => job.with.round)).toEqual([1, 2, 3, 4]);
  rounds.slice(1).forEach(([, job], index) => {
    const before = rounds[index]?.[0] ?? "";
    expect([job.needs, job.if]).toEqual([before, `needs.${before}.outputs.waits == 'true'`]);
  });
});
