import { afterAll, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findToken, tokenVariable } from "../../../cli/checks/terraform-token";
import { workspaceProblems } from "../../../cli/checks/workspaces";
import { goodToken, serveTerraformCloud, type StandInTerraformCloud } from "./stand-in-terraform-cloud";
import { organization, variableOf, workspaceOf } from "./stand-in-workspaces";
import { startTrustingProcess, type TrustingProcess } from "./trusting-process";
import { useDesk } from "./undertaking";

const desk = useDesk();

let folder: string;
let cloud: StandInTerraformCloud;
let trusting: TrustingProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "terraform-cloud-"));
  cloud = await serveTerraformCloud(join(folder, "root.pem"));
  trusting = startTrustingProcess(join(folder, "root.pem"));
});

afterAll(async () => {
  trusting.end();
  await cloud.close();
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  cloud.reset();
});

interface Options {
  readonly command?: "deploy" | "destroy" | "diff";
  readonly token?: string;
  readonly owner?: string;
  readonly project?: string;
  readonly backend?: object;
  readonly reads?: Readonly<Record<string, readonly string[]>>;
}

const stacks = ["control-plane", "compute-ams3", "service-web"];

const has = (stack: string, mode: string) => {
  const workspace = workspaceOf(`shop--${stack}`, mode);
  cloud.workspaces.set(`shop--${stack}`, workspace);
  return workspace;
};

const undertake = ({
  command = "deploy",
  token = goodToken,
  owner = organization,
  project,
  backend,
  reads = {},
}: Options) => {
  const undertaking = desk().undertake({
    command,
    stacks,
    environment: {
      backend: {
        kind: "cloud",
        organization: owner,
        hostname: cloud.host,
        ...(project && { project }),
        ...backend,
      },
    },
    variables: { [tokenVariable(cloud.host)]: token },
  });
  const selected = undertaking.selected.map((stack) => ({ ...stack, reads: reads[stack.id] ?? [] }));
  return { ...undertaking, selected };
};

const check = (options: Options = {}) => trusting.check(undertake(options));

test("each workspace whose execution mode differs from the config is reported, with the remedy and its settings page", async () => {
  has("control-plane", "remote");
  has("compute-ams3", "local");
  has("service-web", "agent");
  const line = (name: string, mode: string, wanted: string) =>
    `workspace shop--${name} has the execution mode ${mode}, and environment.json says ${wanted}: run "npx anywhere bootstrap-state", ` +
    `or set it at https://${cloud.host}/app/example/workspaces/shop--${name}/settings/general`;
  for (const command of ["deploy", "destroy", "diff"] as const) {
    expect(await check({ command })).toEqual([
      line("control-plane", "remote", "local"),
      line("service-web", "agent", "local"),
    ]);
  }
  const told = await check({ backend: { execution: "remote" } });
  expect(told.filter((problem) => problem.includes("execution mode"))).toEqual([
    line("compute-ams3", "local", "remote"),
    line("service-web", "agent", "remote"),
  ]);
});

test("a workspace with another agent pool is reported, and so is a missing pool", async () => {
  const backend = { execution: "agent", agentPool: "private" };
  expect(await check({ backend, command: "destroy" })).toEqual([
    expect.stringMatching(/^the organisation example has no agent pool private that this token may see: /),
  ]);
  cloud.pools.set("private", "apool-1").set("other", "apool-2");
  has("control-plane", "agent").pool = "apool-2";
  has("service-web", "agent").pool = "apool-1";
  has("compute-ams3", "agent").pool = "apool-1";
  const told = await check({ backend });
  expect(told.filter((problem) => problem.includes("pool"))).toEqual([
    'workspace shop--control-plane runs in another agent pool, and environment.json says private: run "npx anywhere bootstrap-state", ' +
      `or set it at https://${cloud.host}/app/example/workspaces/shop--control-plane/settings/general`,
  ]);
});

test("workspaces not created yet are judged by the default mode of their organisation or project", async () => {
  has("control-plane", "local");
  const line = (mode: string) =>
    "shop--compute-ams3, shop--service-web: not created yet, and the organisation example gives new workspaces the execution mode " +
    `${mode}: run "npx anywhere bootstrap-state"`;
  expect(await check()).toEqual([line("remote")]);
  expect(await check({ command: "destroy" })).toEqual([]);

  cloud.defaults.organization = "local";
  expect(await check()).toEqual([]);
  cloud.defaults.projects.set("web", "agent");
  expect(await check({ project: "web" })).toEqual([line("agent")]);
  cloud.defaults.projects.set("default", "agent");
  expect(await check()).toEqual([line("agent")]);

  cloud.defaults.organization = undefined;
  cloud.defaults.projects.clear();
  expect(await check()).toEqual([line("remote")]);
});

test("variables and states that remote runs lack are reported, by name alone", async () => {
  const backend = { execution: "remote" };
  const reads = { "service-web": ["control-plane"], "compute-ams3": ["activations"] };
  const role = variableOf("TFC_AWS_RUN_ROLE_ARN", "arn:aws:iam::111122223333:role/hcp");
  const dynamic = [variableOf("TFC_AWS_PROVIDER_AUTH", "true"), role];
  const controlPlane = has("control-plane", "remote");
  const compute = has("compute-ams3", "remote");
  has("service-web", "remote");
  const activations = has("activations", "remote");
  dynamic.forEach((variable) => controlPlane.variables.set(variable.key, variable));
  // Of a set that holds for the project.
  dynamic.forEach((variable) => compute.inherited.set(variable.key, variable));
  const aws =
    "workspace shop--service-web lacks TFC_AWS_PROVIDER_AUTH and TFC_AWS_RUN_ROLE_ARN, which its runs need to sign in at AWS: " +
    'set backend.runRoleArn in environment.json and run "npx anywhere bootstrap-state", or see docs/hcp-terraform.md for other ways';
  const unreadable = (reader: string, producer: string) =>
    `runs of shop--${reader} may not read the state of shop--${producer}: run "npx anywhere bootstrap-state"`;
  expect(await check({ backend, reads })).toEqual([
    'workspace shop--compute-ams3 lacks DIGITALOCEAN_TOKEN, which its runs need: run "npx anywhere bootstrap-state" with this variable ' +
      "in the environment, or set it yourself on the workspace or its project",
    aws,
    unreadable("compute-ams3", "activations"),
    unreadable("service-web", "control-plane"),
  ]);

  compute.variables.set("DIGITALOCEAN_TOKEN", variableOf("DIGITALOCEAN_TOKEN", "secret"));
  activations.consumers.push("ws-other", "ws-another", "ws-shop--compute-ams3");
  controlPlane.isGlobal = true;
  expect(await check({ backend, reads })).toEqual([aws]);
  // Agents may have credentials of the machine that they are on.
  for (const workspace of cloud.workspaces.values()) {
    workspace.mode = "agent";
    workspace.pool = "apool-1";
  }
  cloud.pools.set("private", "apool-1");
  expect(await check({ backend: { execution: "agent", agentPool: "private" }, reads })).toEqual([]);
});

test("remote runs need workspaces that are created beforehand", async () => {
  cloud.defaults.organization = "remote";
  expect(await check({ backend: { execution: "remote" } })).toEqual([
    "shop--control-plane, shop--compute-ams3, shop--service-web: not created yet, and new workspaces have no variables, " +
      'and may read no state: run "npx anywhere bootstrap-state"',
  ]);
});

test("a missing or rejected token is reported, and so is an organisation that it may not see", async () => {
  const { host } = cloud;
  const variable = tokenVariable(host);
  expect(await check({ token: "stale" })).toEqual([
    `${host} rejects the token: run "terraform login ${host}", or set ${variable} to a valid one`,
  ]);
  expect(await check({ owner: "other" })).toEqual([
    `${host} has no organisation other that this token may see: correct backend.organization in environment.json, or use another token`,
  ]);
  expect(await workspaceProblems({ ...undertake({}), variables: {} })).toEqual([
    `no token for ${host}: run "terraform login ${host}", or set ${variable} to one`,
  ]);
});

test("a certificate that Node.js doesn't trust, but Terraform may, causes a notice, but no refusal", async () => {
  const notices: string[] = [];
  jest.spyOn(console, "error").mockImplementation((line: string) => void notices.push(line));
  expect(await workspaceProblems(undertake({}))).toEqual([]);
  jest.restoreAllMocks();
  expect(notices).toEqual([
    expect.stringMatching(
      /^Execution modes of workspaces were not checked: Node\.js doesn't trust the certificate of localhost:\d+; set NODE_EXTRA_CA_CERTS to its authority's certificate \(.+\)\.$/,
    ),
  ]);
});

const host = "tfe.my-company.example";

test.each([
  ["TF_TOKEN_tfe_my__company_example"],
  ["TF_TOKEN_tfe.my-company.example"],
  ["TF_TOKEN_TFE_my__company_example"],
])("the token of a host is found in %s", (variable) => {
  expect(findToken(host, { [variable]: "t1", TF_TOKEN_tfe_my_company_example: "another's" })).toEqual({
    token: "t1",
  });
});

test("the token of a host with a non-ASCII name is found under its Punycode", () => {
  expect(findToken("café.example", { TF_TOKEN_xn____caf__dma_example: "t1" })).toEqual({ token: "t1" });
});

test("the token of a host is found in Terraform's files, or only in the one that TF_CLI_CONFIG_FILE names", () => {
  const home = join(desk().folder, "home");
  mkdirSync(join(home, ".terraform.d"), { recursive: true });
  const variables = { HOME: home };
  const login = join(home, ".terraform.d", "credentials.tfrc.json");
  expect(findToken(host, variables)).toBeUndefined();
  writeFileSync(login, JSON.stringify({ credentials: { [host]: { token: "t2" } } }));
  expect(findToken(host, variables)).toEqual({ token: "t2" });
  expect(findToken("app.terraform.io", variables)).toBeUndefined();

  const chosen = join(home, "terraformrc");
  writeFileSync(chosen, 'plugin_cache_dir = "/tmp"\n');
  expect(findToken(host, { ...variables, TF_CLI_CONFIG_FILE: chosen })).toBeUndefined();
  writeFileSync(
    chosen,
    `credentials "other.example" {\n  token = "t4"\n}\ncredentials "${host}" {\n  token = "t3"\n}\n`,
  );
  expect(findToken(host, { ...variables, TF_CLI_CONFIG_FILE: chosen })).toEqual({ token: "t3" });
  writeFileSync(chosen, 'credentials_helper "vault" {\n  args = []\n}\n');
  expect(findToken(host, { ...variables, TF_CLI_CONFIG_FILE: chosen })).toBe("helper");
});
