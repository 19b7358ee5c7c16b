import { afterAll, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findToken, tokenVariable } from "../../../cli/checks/terraform-token";
import { workspaceProblems } from "../../../cli/checks/workspaces";
import {
  goodToken,
  organization,
  serveTerraformCloud,
  type StandInTerraformCloud,
} from "./stand-in-terraform-cloud";
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
  cloud.workspaces.clear();
  cloud.defaults.organization = "remote";
  cloud.defaults.projects.clear();
});

interface Options {
  readonly command?: "deploy" | "destroy" | "diff";
  readonly token?: string;
  readonly owner?: string;
  readonly project?: string;
}

const stacks = ["control-plane", "compute-ams3", "service-web"];

const undertake = ({ command = "deploy", token = goodToken, owner = organization, project }: Options) =>
  desk().undertake({
    command,
    stacks,
    environment: {
      backend: { kind: "cloud", organization: owner, hostname: cloud.host, ...(project && { project }) },
    },
    variables: { [tokenVariable(cloud.host)]: token },
  });

const check = (options: Options = {}) => trusting.check(undertake(options));

test("each workspace that runs Terraform elsewhere is told, with the page of its setting", async () => {
  cloud.workspaces.set("shop--control-plane", "remote").set("shop--compute-ams3", "local");
  cloud.workspaces.set("shop--service-web", "agent");
  const page = `https://${cloud.host}/app/example/workspaces`;
  const lines = [
    `workspace shop--control-plane has the execution mode remote: set it to local at ${page}/shop--control-plane/settings/general`,
    `workspace shop--service-web has the execution mode agent: set it to local at ${page}/shop--service-web/settings/general`,
  ];
  for (const command of ["deploy", "destroy", "diff"] as const) {
    expect(await check({ command })).toEqual(lines);
  }
});

test("workspaces yet to be made get what their organisation or their project says", async () => {
  cloud.workspaces.set("shop--control-plane", "local");
  const line = (mode: string) =>
    "shop--compute-ams3, shop--service-web: not there yet, and the organisation example gives new workspaces the execution mode " +
    `${mode}: set its default to local at https://${cloud.host}/app/example/settings/general, or create them with the mode local`;
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

test("a token that is missing or rejected, and an organisation that it may not see, are told", async () => {
  const { host } = cloud;
  const variable = tokenVariable(host);
  expect(await check({ token: "stale" })).toEqual([
    `${host} rejects the token: run "terraform login ${host}", or set ${variable} to a valid one`,
  ]);
  expect(await check({ owner: "other" })).toEqual([
    `${host} knows no organisation other that this token may see: correct backend.organization in environment.json, or use another token`,
  ]);
  expect(await workspaceProblems({ ...undertake({}), variables: {} })).toEqual([
    `no token for ${host}: run "terraform login ${host}", or set ${variable} to one`,
  ]);
});

test("a certificate that Terraform may trust and Node.js doesn't is said, and refuses nothing", async () => {
  const notices: string[] = [];
  jest.spyOn(console, "error").mockImplementation((line: string) => void notices.push(line));
  expect(await workspaceProblems(undertake({}))).toEqual([]);
  jest.restoreAllMocks();
  expect(notices).toEqual([
    expect.stringMatching(
      /^Execution modes of workspaces were not checked: Node\.js doesn't trust the certificate of localhost:\d+; NODE_EXTRA_CA_CERTS may name its authority \(.+\)\.$/,
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

test("a name that isn't ASCII is compared as it is looked up", () => {
  expect(findToken("café.example", { TF_TOKEN_xn____caf__dma_example: "t1" })).toEqual({ token: "t1" });
});

test("the token of a host is found in Terraform's files, and only in the one that is chosen", () => {
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
