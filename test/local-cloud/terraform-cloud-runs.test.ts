import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { findTerraform } from "../../local-cloud/terraform/executable";
import { eventually } from "../support/jest/eventually";
import type { Shown } from "../support/observation/terraform-cloud";
import { owner, startTerraformCloud, workIn, type TerraformCloudStage } from "./terraform-cloud-stage";

jest.setTimeout(120_000);

let stage: TerraformCloudStage;

beforeAll(async () => {
  stage = await startTerraformCloud(await findTerraform(process.env));
});

afterAll(() => stage.close());

/** Something of Terraform's own, which needs no provider, and a script that is run when it is made. */
const holding = (input: string, command: string) => ({
  resource: { terraform_data: { one: { input, provisioner: [{ "local-exec": { command } }] } } },
  output: { text: { value: "${terraform_data.one.output}" }, code: { value: "secret", sensitive: true } },
});

const two = (text: string) => ({
  resource: { terraform_data: { one: { input: text }, two: { input: text } } },
  output: { text: { value: text } },
});

test("a run plans and applies without anything of the user's, and without an AWS CLI", async () => {
  const { terraform } = workIn(
    stage,
    "remote",
    holding(
      "first",
      'env | sort; command -v aws || echo "no aws"; command -v python3; echo "user $(id -u)"; ' +
        'touch /etc/of-a-run || echo "may not change the system"',
    ),
  );
  expect(await terraform("init")).toMatchObject({ exitCode: 0 });
  const { list } = await stage.call("GET", "organizations/acme/workspaces");
  const id = list[0]?.id ?? "";
  const attributes = { key: "OF_THE_WORKSPACE", value: "yes", category: "env" };
  await stage.call("POST", `workspaces/${id}/vars`, { data: { type: "vars", attributes } });

  const planned = await terraform("plan", "-detailed-exitcode", "-no-color");
  expect(planned).toMatchObject({ exitCode: 2, stdout: expect.stringContaining("1 to add, 0 to change") });
  expect((await stage.call("GET", `workspaces/${id}`)).data.attributes["locked"]).toBe(false);

  const { exitCode, stdout } = await terraform("apply", "-auto-approve", "-no-color");
  expect(stdout).toMatch(/Apply complete! Resources: 1 added/);
  expect(exitCode).toBe(0);
  expect(stdout).toContain("OF_THE_WORKSPACE=yes");
  expect(stdout).toContain("TFC_WORKSPACE_NAME=remote");
  // Providers listen on sockets there, whose paths may have 107 characters.
  expect(stdout).toContain(`TMPDIR=${stage.directory}/run-`);
  expect(stdout).toContain("no aws");
  expect(stdout).toMatch(/\/bin\/python3\n/);
  expect(stdout).not.toContain("SECRET_OF_THE_USER");
  // The user who runs the tests.
  expect(stdout).toMatch(/user [1-9]/);
  expect(stdout).toContain("may not change the system");
  expect((await terraform("plan", "-detailed-exitcode")).exitCode).toBe(0);
  expect((await terraform("output", "-raw", "code")).stdout).toBe("secret");
});

test("a saved plan is shown as text and as JSON, and applied only once", async () => {
  const { folder, terraform } = workIn(stage, "saved", holding("first", "true"));
  await terraform("init");
  const file = join(folder, "plan");
  expect((await terraform("plan", `-out=${file}`, "-detailed-exitcode")).exitCode).toBe(2);
  const { stdout } = await terraform("show", "-json", file);
  expect(JSON.parse(stdout)).toMatchObject({
    resource_changes: [{ address: "terraform_data.one", change: { actions: ["create"] } }],
  });
  const shown = await terraform("show", "-no-color", file);
  expect(shown).toSucceed();
  expect(shown.stdout).toContain("terraform_data.one will be created");
  expect(shown.stdout).toMatch(/Run status: planned and saved \(confirmable\)/);
  const { run_id: run } = JSON.parse(readFileSync(file, "utf8")) as { readonly run_id: string };
  const { id } = (await stage.call("GET", `runs/${run}`)).data.relationships["plan"]?.data as Shown;
  const redacted = JSON.stringify((await stage.call("GET", `plans/${id}/json-output-redacted`)).data);
  expect(redacted).toContain('"after":"REDACTED"');
  expect(redacted).not.toContain('"secret"');
  expect(await terraform("apply", file)).toMatchObject({ exitCode: 0 });
  expect((await stage.call("GET", `plans/${id}/json-output-redacted`)).status).toBe(501);
  expect(await terraform("apply", file)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("Saved plan is already applied"),
  });
});

test("a run whose script fails says why, and leaves the workspace unlocked", async () => {
  const { terraform } = workIn(stage, "failing", holding("first", "echo broken; exit 3"));
  await terraform("init");
  const { exitCode, stdout } = await terraform("apply", "-auto-approve", "-no-color");
  expect(exitCode).toBe(1);
  expect(stdout).toContain("exit status 3. Output: broken");
  expect((await stage.call("GET", "organizations/acme/workspaces/failing")).data.attributes).toMatchObject({
    locked: false,
    "resource-count": 1,
  });
});

test("a run sees only the states that are shared with its workspace", async () => {
  await stage.writeState(await stage.createWorkspace("producer"), 1, {
    text: { value: "shared", type: "string" },
  });
  const { hostname } = stage.cloud;
  const config = { hostname, organization: "acme", workspaces: { name: "producer" } };
  const { terraform } = workIn(stage, "reader", {
    data: { terraform_remote_state: { producer: { backend: "remote", config } } },
    output: { read: { value: "${data.terraform_remote_state.producer.outputs.text}" } },
  });
  await terraform("init");
  expect((await terraform("apply", "-auto-approve")).exitCode).toBe(1);
  const of = async (name: string) =>
    (await stage.call("GET", `organizations/acme/workspaces/${name}`)).data.id;
  await stage.call("POST", `workspaces/${await of("producer")}/relationships/remote-state-consumers`, {
    data: [{ type: "workspaces", id: await of("reader") }],
  });
  expect(await terraform("apply", "-auto-approve")).toMatchObject({ exitCode: 0 });
  expect((await terraform("output", "-raw", "read")).stdout).toBe("shared");
});

test("a run that is canceled while its script runs ends as canceled, and leaves the workspace unlocked", async () => {
  const { terraform } = workIn(stage, "canceled", holding("first", "exec sleep 100"));
  await terraform("init");
  const applied = terraform("apply", "-auto-approve");
  const run = await eventually("the run applies", async () => {
    const { relationships } = (await stage.call("GET", "organizations/acme/workspaces/canceled")).data;
    const { id } = (relationships["current-run"]?.data ?? {}) as { readonly id?: string };
    const status = id && (await stage.call("GET", `runs/${id}`)).data.attributes["status"];
    return status === "applying" ? id : undefined;
  });
  await stage.call("POST", `runs/${run}/actions/cancel`);
  expect((await applied).exitCode).toBe(1);
  expect((await stage.call("GET", `runs/${run}`)).data.attributes["status"]).toBe("canceled");
  expect((await stage.call("GET", "organizations/acme/workspaces/canceled")).data.attributes["locked"]).toBe(
    false,
  );
});

test("a run waits while the workspace is locked, and behind a run that waits for its confirmation", async () => {
  const workspace = await stage.createWorkspace("queued");
  const { terraform } = workIn(stage, "queued", holding("first", "true"));
  await terraform("init");
  const runs = async () => (await stage.call("GET", `workspaces/${workspace}/runs`)).list;
  /** Whether Terraform has made this call after it has looked at the workspace, since the last run was created. */
  const hasAsked = (call: string) => {
    const calls = stage.world.journal.flatMap((entry) =>
      entry.kind === "call" && entry.caller?.startsWith("go-tfe") === true ? [entry.name] : [],
    );
    const waiting = calls.slice(calls.lastIndexOf("POST /api/v2/runs"));
    const looked = waiting.indexOf(`GET /api/v2/${owner}/workspaces/{name}`);
    return Promise.resolve((looked >= 0 && waiting.includes(call, looked)) || undefined);
  };
  const isPending = async (count: number) => {
    const [newest, ...others] = await runs();
    return newest?.attributes["status"] === "pending" && others.length === count ? newest.id : undefined;
  };
  await stage.call("POST", `workspaces/${workspace}/actions/lock`);
  const unconfirmed = terraform("apply", "-input=false", "-no-color");
  const first = await eventually("a run waits for the lock", () => isPending(0));
  await eventually("Terraform has looked why", () => hasAsked("GET /api/v2/runs/{run}"));
  await stage.call("POST", `workspaces/${workspace}/actions/unlock`);
  expect((await unconfirmed).stdout).toContain("Waiting for the manually locked workspace to be unlocked");

  const behind = terraform("apply", "-auto-approve", "-no-color");
  await eventually("a run waits behind another", () => isPending(1));
  await eventually("Terraform has looked behind what", () =>
    hasAsked("GET /api/v2/workspaces/{workspace}/runs"),
  );
  expect((await stage.call("POST", `runs/${first}/actions/discard`)).status).toBe(202);
  expect((await behind).stdout).toMatch(/Waiting for 1 run\(s\) to finish before being queued[^]*1 added/);
  expect((await runs()).map(({ attributes }) => attributes["status"])).toEqual(["applied", "discarded"]);
  expect((await stage.call("POST", `runs/${first}/actions/discard`)).status).toBe(409);
});

test("runs obey the options for targets, replacements, refreshes and destroys", async () => {
  const { configure, terraform } = workIn(stage, "modes", two("first"));
  await terraform("init");
  const applied = (...options: string[]) => terraform("apply", "-auto-approve", "-no-color", ...options);

  expect((await applied("-target=terraform_data.one")).stdout).toContain("Resources: 1 added");
  const replaced = await terraform("plan", "-no-color", "-replace=terraform_data.one");
  expect(replaced.stdout).toContain("terraform_data.one will be replaced, as requested");
  expect(replaced.stdout).toContain("2 to add, 0 to change, 1 to destroy");
  configure(two("second"));
  expect(await applied("-refresh-only")).toMatchObject({ exitCode: 0 });
  expect((await terraform("output", "-raw", "text")).stdout).toBe("second");
  expect((await applied("-destroy")).stdout).toContain("0 changed, 1 destroyed");
  expect((await stage.call("GET", `${owner}/workspaces/modes`)).data.attributes["resource-count"]).toBe(0);
});
