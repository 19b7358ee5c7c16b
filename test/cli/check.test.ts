import { beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../config/schema";
import { checkReport } from "../../cli/report/schemas/check-report";
import { stacksReport } from "../../cli/report/schemas/stacks-report";
import { run } from "../../demo/command";
import { accountId, fakeTerraform, onPremises, useProject } from "./project";

jest.setTimeout(120_000);

const project = useProject();
const at = (path: string) => join(project().folder, path);
const sites = {
  ams3: { kind: "digitalocean", region: "ams3", nodes: 3 },
  office: onPremises("rack-1"),
} satisfies Environment["sites"];
const nodes = ["node-1", "node-2", "node-3"];
const identity = { name: "cli-test", account: accountId, region: "eu-west-1" };

beforeAll(async () => {
  project().configure({ sites });
  expect(await project().anywhere(["synth"])).toSucceed();
});

beforeEach(() => {
  rmSync(at("plans"), { recursive: true, force: true });
  mkdirSync(at("plans"));
  project().configure({ sites });
  project().nodes.instances = nodes.map((node) => ({ node, status: "ACTIVE", connected: true, tasks: 1 }));
  project().nodes.spent.clear();
});

interface Planned {
  /** Actions by address, such as `terraform_data.node["node-1"]`. */
  readonly changes?: Readonly<Record<string, readonly string[]>>;
  readonly outputs?: Readonly<
    Record<string, { readonly actions: readonly string[]; readonly after?: unknown }>
  >;
  readonly errored?: boolean;
}

/** Writes a plan of a stack as Terraform would, into a file that is named after it, and returns its path. */
function planOf(stack: string, planned: Planned = {}, name = stack): string {
  const { changes = {}, outputs = {}, ...more } = planned;
  const { resource = {}, data = {} } = JSON.parse(
    readFileSync(at(`cdktf.out/environment/stacks/${stack}/cdk.tf.json`), "utf8"),
  ) as Record<string, Record<string, object>>;
  const addresses = (blocks: Record<string, object>, prefix = "") =>
    Object.entries(blocks).flatMap(([type, named]) =>
      Object.keys(named).map((one) => `${prefix}${type}.${one}`),
    );
  const resource_changes = Object.entries(changes).map(([address, actions]) => {
    const [, type = "", resourceName = "", index] = /^(\w+)\.(\w+)(?:\["(.+)"\])?$/.exec(address) ?? [];
    return { address, mode: "managed", type, name: resourceName, index, change: { actions } };
  });
  const json = {
    format_version: "1.2",
    configuration: {
      root_module: {
        resources: [...addresses(resource), ...addresses(data, "data.")].map((address) => ({ address })),
      },
    },
    resource_changes,
    output_changes: { deployment: { actions: ["no-op"], before: identity, after: identity }, ...outputs },
    ...more,
  };
  const file = at(`plans/${name}.json`);
  writeFileSync(file, JSON.stringify(json));
  return file;
}

/** The state of every stack: one resource, and these outputs. */
function stateWith(outputs: Readonly<Record<string, unknown>> = {}): NodeJS.ProcessEnv {
  const all = {
    deployment: identity,
    activation_ids: Object.fromEntries(nodes.map((node) => [`ams3/${node}`, `id-of-${node}`])),
    ...outputs,
  };
  const thing = { mode: "managed", type: "terraform_data", name: "thing", instances: [{ attributes: {} }] };
  const values = Object.fromEntries(Object.entries(all).map(([name, value]) => [name, { value }]));
  writeFileSync(
    at("fake.tfstate"),
    JSON.stringify({ version: 4, lineage: "one", outputs: values, resources: [thing] }),
  );
  return { TERRAFORM_BINARY_NAME: fakeTerraform, FAKE_STATE: at("fake.tfstate") };
}

const check = (args: readonly string[], variables = stateWith()) =>
  project().anywhere(["check", ...args], variables);

const replacing = (...names: readonly string[]) =>
  Object.fromEntries(
    names.flatMap((node) =>
      ["node", "deregistration"].map((name) => [`terraform_data.${name}["${node}"]`, ["delete", "create"]]),
    ),
  );

test("stacks are listed in the order of a deploy or a destroy, with their folders, predecessors and inputs", async () => {
  const { stdout } = await project().anywhere(["stacks"]);
  const below = "cdktf.out/environment/stacks";
  expect(stdout.trimEnd().split("\n")).toEqual([
    `control-plane\t${below}/control-plane\t-\t-`,
    `activations\t${below}/activations\tcontrol-plane\tcontrol-plane`,
    `compute-ams3\t${below}/compute-ams3\tactivations\tactivations`,
    `compute-office\t${below}/compute-office\tactivations\tactivations`,
    `service-web\t${below}/service-web\tcontrol-plane compute-ams3 compute-office\tcontrol-plane`,
  ]);
  const some = await project().anywhere(["stacks", "--destroy", "--json", "activations", "compute-ams3"]);
  const { stacks } = stacksReport.parse(JSON.parse(some.stdout));
  expect(stacks.map(({ stack, after, reads }) => ({ stack, after, reads }))).toEqual([
    { stack: "compute-ams3", after: [], reads: [] },
    { stack: "activations", after: ["compute-ams3"], reads: [] },
  ]);
});

test("two plans of a stack are refused: only one of them would be checked", async () => {
  const file = planOf("compute-ams3");
  mkdirSync(at("plans/later"));
  const later = planOf("compute-ams3", { changes: replacing("node-1", "node-2") }, "later/compute-ams3");
  expect(await check([file, later])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("There are several plans of compute-ams3, and only one can be applied"),
  });
});

test("the changes of plans are reported as text and as JSON", async () => {
  const files = [
    planOf("control-plane", {
      changes: { "terraform_data.node": ["update"], "terraform_data.more": ["create"] },
      outputs: { sites: { actions: ["update"] } },
    }),
    planOf("compute-ams3", { changes: replacing("node-1") }),
    planOf("service-web"),
  ];
  expect(await check(files)).toMatchObject({
    exitCode: 0,
    stdout:
      "control-plane: 1 to create, 1 to update, outputs change.\ncompute-ams3: 2 to replace.\nservice-web: no changes.\n",
  });
  const { stdout } = await check(["--json", ...files]);
  expect(checkReport.parse(JSON.parse(stdout))).toEqual({
    deployment: "cli-test",
    destroy: false,
    refusals: [],
    stacks: [
      {
        stack: "control-plane",
        changes: { create: 1, update: 1, replace: 0, delete: 0 },
        outputsChange: true,
        refusals: [],
      },
      {
        stack: "compute-ams3",
        changes: { create: 0, update: 0, replace: 2, delete: 0 },
        outputsChange: false,
        refusals: [],
      },
      {
        stack: "service-web",
        changes: { create: 0, update: 0, replace: 0, delete: 0 },
        outputsChange: false,
        refusals: [],
      },
    ],
  });
});

test("a plan that replaces several nodes with running tasks is refused without --all-at-once", async () => {
  const file = planOf("compute-ams3", { changes: replacing("node-1", "node-2") });
  const refused = await check([file]);
  expect(refused).toMatchObject({ exitCode: 2 });
  expect(refused.stdout).toContain(
    "compute-ams3: REFUSED: compute-ams3: 2 nodes would be replaced at the same time, and all that they run would stop: node-1, node-2.",
  );
  expect(await check(["--all-at-once", file])).toSucceed();
  project().nodes.instances = [{ node: "node-1", status: "ACTIVE", connected: true, tasks: 1 }];
  expect(await check([file])).toSucceed();
});

test("a plan that creates a machine with an expired activation is refused", async () => {
  project().nodes.spent.set("id-of-node-2", "expired");
  const file = planOf("compute-ams3", { changes: { 'terraform_data.node["node-2"]': ["create"] } });
  const refused = await check([file]);
  expect(refused).toMatchObject({ exitCode: 2 });
  expect(refused.stdout).toMatch(
    /REFUSED: The activation of ams3\/node-2 has expired.*, and its new machine couldn't register: run "npm run deploy -- --replace ams3\/node-2", and plan again\./,
  );
});

test("deployed sites and services missing from the file are refused, and so are changed ports and regions", async () => {
  const file = planOf("control-plane", { changes: { "terraform_data.node": ["update"] } });
  const forgotten = await check([file], stateWith({ sites: ["ams3", "fra1"], services: ["web", "worker"] }));
  expect(forgotten).toMatchObject({ exitCode: 2 });
  expect(forgotten.stdout).toContain("REFUSED: Site fra1 is no longer in environment.json");
  expect(forgotten.stdout).toContain("REFUSED: Service worker is no longer in environment.json");
  const moved = await check(["--json", file], stateWith({ port: "8081", region: "fra1" }));
  expect(moved).toMatchObject({ exitCode: 2 });
  expect(checkReport.parse(JSON.parse(moved.stdout)).refusals).toEqual([
    expect.stringContaining("sites.ams3.region is ams3, but the site is deployed in fra1"),
    expect.stringContaining("services.web.http.port is 8080, but the service is deployed with 8081"),
  ]);
});

test("an image that a service was rolled back from returns only with --roll-forward", async () => {
  const outputs = { image_uri: { actions: ["update"], after: "registry.example/app:v1" } };
  const file = planOf("service-web", { outputs });
  const rolledBack = stateWith({ rolled_back: '{"tag":"v0","from":["v1"]}' });
  const refused = await check([file], rolledBack);
  expect(refused).toMatchObject({ exitCode: 2 });
  expect(refused.stdout).toContain(
    "service-web: REFUSED: The image v1, from which the service was rolled back, would come back",
  );
  expect(await check(["--roll-forward", file], rolledBack)).toSucceed();
});

test("a plan must be complete, and match its stack and this deployment", async () => {
  const elsewhere = { actions: ["no-op"], after: { ...identity, name: "another" } };
  const files = [
    planOf("compute-ams3", {}, "compute-office"),
    planOf("activations", { outputs: { deployment: elsewhere } }),
    planOf("control-plane", { errored: true }),
  ];
  const { exitCode, stdout } = await check(["--json", ...files]);
  expect(exitCode).toBe(2);
  const { stacks } = checkReport.parse(JSON.parse(stdout));
  expect(stacks.map(({ stack, refusals }) => [stack, ...refusals])).toEqual([
    ["control-plane", expect.stringContaining("Terraform couldn't complete this plan.")],
    ["activations", expect.stringContaining("This is a plan of another deployment")],
    ["compute-office", expect.stringContaining("This is not a plan of the stack as synthesised here")],
  ]);
  expect(await check([planOf("compute-ams3", {}, "plan")])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("No stack is called plan"),
  });
  writeFileSync(at("plans/jobs.json"), "{}");
  expect(await check([at("plans/jobs.json")])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('is not a plan in JSON: create one with "terraform show -json <plan>".'),
  });
});

test("a destroy plan needs --destroy, which takes no other plan, and may not strand stacks that read its outputs", async () => {
  const gone = { "terraform_data.node": ["delete"] };
  const file = planOf("activations", { changes: gone });
  const unexpected = await check([file]);
  expect(unexpected).toMatchObject({ exitCode: 2 });
  expect(unexpected.stdout).toContain("REFUSED: The whole stack would be destroyed: --destroy allows that.");
  const stranding = await check(["--destroy", file]);
  expect(stranding).toMatchObject({ exitCode: 2 });
  expect(stranding.stdout).toContain(
    "REFUSED: activations can't be destroyed before the stacks that read its outputs: compute-ams3 (resources: 1), compute-office (resources: 1).",
  );
  const all = ["control-plane", "activations", "compute-ams3", "compute-office", "service-web"];
  const files = all.map((stack) => planOf(stack, { changes: gone }));
  expect(await check(["--destroy", ...files])).toSucceed();
  const other = planOf("service-web", { changes: { "terraform_data.node": ["update"] } });
  expect((await check(["--destroy", other])).stdout).toContain("REFUSED: This is not a plan of a destroy.");
});

test("no plan is reported on when a state can't be read", async () => {
  const failing = { ...stateWith(), FAKE_FAILS: "control-plane state" };
  expect(await check([planOf("service-web")], failing)).toMatchObject({ exitCode: 1, stdout: "" });
});

test("redact hides the secrets of a state, and prints nothing when it can't read that state", async () => {
  const code = "code-that-nobody-may-see";
  const resources = [
    {
      mode: "managed",
      type: "aws_ssm_activation",
      name: "node",
      instances: [{ attributes: { activation_code: code } }],
    },
  ];
  writeFileSync(at("state.json"), JSON.stringify({ version: 4, lineage: "one", resources }));
  const redact = async (file: string) => {
    const { folder, variables } = project();
    const args = [
      "-c",
      'printf "%s\\n" "$1" | "$2" cli/anywhere.js redact "$3"',
      "bash",
      `before ${code} after\nlast`,
    ];
    const more = [process.execPath, file];
    return run({ program: "bash", args: [...args, ...more], folder, variables, log: undefined, seconds: 60 });
  };
  expect(await redact(at("state.json"))).toMatchObject({
    exitCode: 0,
    stdout: "before (activation code) after\nlast\n",
  });
  expect(await redact(at("missing.json"))).toMatchObject({ exitCode: 1, stdout: "" });
});
