import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { workspaceProblems } from "../../../cli/checks/workspaces";
import { parseConfig } from "../../../config/load";
import { tokenVariable } from "../../../cli/checks/terraform-token";
import {
  goodToken,
  serveTerraformCloud,
  type StandInTerraformCloud,
} from "../checks/stand-in-terraform-cloud";
import { organization, variableOf, workspaceOf } from "../checks/stand-in-workspaces";
import { startTrustingProcess } from "../checks/trusting-process";
import { useDesk } from "../checks/undertaking";
import { startArrangingProcess, type Arranged } from "./arranging-process";

const desk = useDesk();
const accountId = "111122223333";
const runRoleArn = `arn:aws:iam::${accountId}:role/hcp`;
const secret = "dop_v1_only-in-the-body";

let folder: string;
let cloud: StandInTerraformCloud;
let process: ReturnType<typeof startArrangingProcess>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "workspaces-"));
  cloud = await serveTerraformCloud(join(folder, "root.pem"));
  process = startArrangingProcess(join(folder, "root.pem"));
});

afterAll(async () => {
  process.end();
  await cloud.close();
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  cloud.reset();
});

/** As the stacks of one site and one service read one another. */
const stacks = [
  { id: "control-plane", reads: [] },
  { id: "activations", reads: ["control-plane"] },
  { id: "compute-ams3", reads: ["activations"] },
  { id: "service-web", reads: ["control-plane"] },
];

interface Options {
  readonly backend?: object;
  readonly variables?: NodeJS.ProcessEnv;
  readonly token?: string;
  readonly terraformVersion?: string;
}

const environmentWith = (backend: object) => {
  const file = "environment.json";
  const config = parseConfig(
    {
      name: "shop",
      aws: { region: "eu-west-1", accountId },
      sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: 1 } },
      backend: { kind: "cloud", organization, hostname: cloud.host, ...backend },
    },
    file,
  );
  return { name: "environment", file, config, rollbacks: {} };
};

function arrange({ backend = {}, variables = {}, token = goodToken, terraformVersion }: Options = {}) {
  const environment = environmentWith(backend);
  const { backend: parsed } = environment.config;
  if (parsed.kind !== "cloud") {
    throw new Error("another backend");
  }
  return process.arrange({ environment, cloud: parsed, stacks, variables, token, terraformVersion });
}

const of = (stack: string) => {
  const workspace = cloud.workspaces.get(`shop--${stack}`);
  if (workspace === undefined) {
    throw new Error(`there is no workspace of ${stack}`);
  }
  return workspace;
};

/** That a second time there is nothing to do. */
async function expectSettled(options: Options): Promise<void> {
  cloud.writes.length = 0;
  expect(await arrange(options)).toEqual({ told: [], changes: [] });
  expect(cloud.writes).toEqual([]);
}

const remote = {
  backend: { execution: "remote", project: "shops", runRoleArn },
  variables: { DIGITALOCEAN_TOKEN: secret },
  terraformVersion: "1.11.4",
};

const ids = (...names: string[]) => names.map((name) => `ws-shop--${name}`);

test("for remote runs the project and the workspaces are created, with variables and with the state access that stacks need", async () => {
  const arranged: Arranged = await arrange(remote);
  const created = (stack: string) => `created the workspace shop--${stack}: execution mode remote`;
  const dynamic = (stack: string) => [
    `shop--${stack}: variable TFC_AWS_PROVIDER_AUTH`,
    `shop--${stack}: variable TFC_AWS_RUN_ROLE_ARN`,
  ];
  expect(arranged.changes).toEqual([
    "created the project shops",
    ...stacks.map(({ id }) => created(id)),
    "shop--control-plane: its state can be read only by runs of shop--activations, shop--service-web",
    "shop--activations: its state can be read only by runs of shop--compute-ams3",
    ...dynamic("control-plane"),
    ...dynamic("activations"),
    "shop--compute-ams3: variable DIGITALOCEAN_TOKEN",
    ...dynamic("compute-ams3"),
    ...dynamic("service-web"),
  ]);
  expect(arranged.told).toEqual(arranged.changes);
  expect(JSON.stringify(arranged)).not.toContain(secret);
  expect(of("compute-ams3")).toMatchObject({ mode: "remote", project: "prj-shops", version: "1.11.4" });
  expect(of("control-plane").consumers.toSorted()).toEqual(ids("activations", "service-web"));
  expect(of("compute-ams3").consumers).toEqual([]);
  expect(of("compute-ams3").variables.get("DIGITALOCEAN_TOKEN")).toEqual({
    ...variableOf("DIGITALOCEAN_TOKEN", secret),
    sensitive: true,
  });
  expect(of("activations").variables).toEqual(
    new Map([
      ["TFC_AWS_PROVIDER_AUTH", variableOf("TFC_AWS_PROVIDER_AUTH", "true")],
      ["TFC_AWS_RUN_ROLE_ARN", variableOf("TFC_AWS_RUN_ROLE_ARN", runRoleArn)],
    ]),
  );
  await expectSettled(remote);
});

test("a deploy's checks accept the created workspaces", async () => {
  await arrange(remote);
  const undertaking = desk().undertake({
    stacks: stacks.map(({ id }) => id),
    environment: { backend: environmentWith(remote.backend).config.backend },
    variables: { [tokenVariable(cloud.host)]: goodToken },
  });
  const selected = undertaking.selected.map((stack, index) => ({ ...stack, ...stacks[index] }));
  const trusting = startTrustingProcess(join(folder, "root.pem"));
  const problems = await trusting.check({ ...undertaking, selected });
  trusting.end();
  expect(problems).toEqual([]);
  expect(await workspaceProblems({ ...undertaking, variables: {} })).toHaveLength(1);
});

test("settings that differ from the config are corrected, and everything else stays", async () => {
  await arrange(remote);
  const controlPlane = of("control-plane");
  controlPlane.mode = "local";
  controlPlane.isGlobal = true;
  controlPlane.variables.set("OTHER", variableOf("OTHER", "1"));
  of("activations").consumers.push("ws-stranger");
  // Neither can one of ours that somebody has made sensitive.
  of("activations").variables.set("TFC_AWS_RUN_ROLE_ARN", {
    ...variableOf("TFC_AWS_RUN_ROLE_ARN", runRoleArn),
    sensitive: true,
  });
  // HCP Terraform may keep it for the time when agents run it again.
  of("control-plane").pool = "apool-1";
  of("service-web").project = "prj-elsewhere";
  of("service-web").variables.set("TFC_AWS_RUN_ROLE_ARN", variableOf("TFC_AWS_RUN_ROLE_ARN", "former"));
  // Another's value can't be compared, and stays.
  of("compute-ams3").variables.set("DIGITALOCEAN_TOKEN", {
    ...variableOf("DIGITALOCEAN_TOKEN", "theirs"),
    sensitive: true,
  });
  expect((await arrange(remote)).changes).toEqual([
    "shop--control-plane: execution mode remote",
    "shop--service-web: moved to the project shops",
    "shop--control-plane: its state can be read only by runs of shop--activations, shop--service-web",
    "shop--activations: its state can be read only by runs of shop--compute-ams3",
    "shop--service-web: variable TFC_AWS_RUN_ROLE_ARN",
  ]);
  expect(controlPlane).toMatchObject({ mode: "remote", isGlobal: false });
  expect([...controlPlane.variables.keys()]).toContain("OTHER");
  expect(of("activations").consumers).toEqual(ids("compute-ams3"));
  expect(of("service-web").variables.get("TFC_AWS_RUN_ROLE_ARN")?.value).toBe(runRoleArn);
  expect(of("compute-ams3").variables.get("DIGITALOCEAN_TOKEN")?.value).toBe("theirs");
  await expectSettled(remote);
});

test("for local runs only the execution mode is set", async () => {
  cloud.workspaces.set("shop--activations", workspaceOf("shop--activations", "remote"));
  const options = { variables: { DIGITALOCEAN_TOKEN: secret } };
  expect((await arrange(options)).changes).toEqual([
    "created the workspace shop--control-plane: execution mode local",
    "shop--activations: execution mode local",
    "created the workspace shop--compute-ams3: execution mode local",
    "created the workspace shop--service-web: execution mode local",
  ]);
  expect([...cloud.workspaces.values()].map(({ variables }) => variables.size)).toEqual([0, 0, 0, 0]);
  await expectSettled(options);
});

test("agents run in the named pool, with the credentials of their machine", async () => {
  const options = {
    backend: { execution: "agent", agentPool: "private" },
    variables: { DIGITALOCEAN_TOKEN: secret },
  };
  expect(await arrange(options)).toEqual({
    told: [],
    problem:
      "the organisation example has no agent pool private that this token may see: create it at " +
      `https://${cloud.host}/app/example/settings/agents, or correct backend.agentPool in environment.json`,
  });
  expect(cloud.writes).toEqual([]);

  cloud.pools.set("private-2", "apool-2").set("private-3", "apool-3").set("private", "apool-1");
  cloud.workspaces.set("shop--activations", {
    ...workspaceOf("shop--activations", "agent"),
    pool: "apool-2",
  });
  const { changes = [] } = await arrange(options);
  expect(changes.slice(0, 2)).toEqual([
    "created the workspace shop--control-plane: execution mode agent in the pool private",
    "shop--activations: execution mode agent in the pool private",
  ]);
  expect(changes.filter((change) => change.includes("variable"))).toEqual([
    "shop--compute-ams3: variable DIGITALOCEAN_TOKEN",
  ]);
  expect([...cloud.workspaces.values()].map(({ pool }) => pool)).toEqual(Array(4).fill("apool-1"));
  await expectSettled(options);
});

test("a variable that only the user can provide is reported at the end, unless a variable set has it", async () => {
  const options = { backend: { execution: "remote", runRoleArn } };
  const { problem, told } = await arrange(options);
  expect(told).toContain("created the workspace shop--service-web: execution mode remote");
  expect(problem).toMatch(/^workspace shop--compute-ams3 lacks DIGITALOCEAN_TOKEN, which its runs need: /);
  of("compute-ams3").inherited.set("DIGITALOCEAN_TOKEN", {
    ...variableOf("DIGITALOCEAN_TOKEN", "by a set"),
    sensitive: true,
  });
  await expectSettled(options);
});

test("a rejected token is reported, and so is an organisation that it may not see", async () => {
  expect((await arrange({ token: "stale" })).problem).toMatch(
    /^localhost:\d+ rejects the token: run "terraform login /,
  );
  expect((await arrange({ backend: { organization: "other" } })).problem).toMatch(
    /has no organisation other that this token may see/,
  );
});
