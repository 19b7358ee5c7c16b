import { join } from "node:path";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { findTerraform } from "../../local-cloud/terraform/executable";
import { eventually } from "../support/jest/eventually";
import { startTerraformCloud, workIn, type TerraformCloudStage } from "./terraform-cloud-stage";

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

test("plans and applies where there is nothing of the user, and no AWS CLI", async () => {
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
  // Whoever runs the tests.
  expect(stdout).toMatch(/user [1-9]/);
  expect(stdout).toContain("may not change the system");
  expect((await terraform("plan", "-detailed-exitcode")).exitCode).toBe(0);
  expect((await terraform("output", "-raw", "code")).stdout).toBe("secret");
});

test("a saved plan is shown as JSON and applied, once", async () => {
  const { folder, terraform } = workIn(stage, "saved", holding("first", "true"));
  await terraform("init");
  const file = join(folder, "plan");
  expect((await terraform("plan", `-out=${file}`, "-detailed-exitcode")).exitCode).toBe(2);
  const { stdout } = await terraform("show", "-json", file);
  expect(JSON.parse(stdout)).toMatchObject({
    resource_changes: [{ address: "terraform_data.one", change: { actions: ["create"] } }],
  });
  expect(await terraform("apply", file)).toMatchObject({ exitCode: 0 });
  expect(await terraform("apply", file)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("Saved plan is already applied"),
  });
});

test("a run whose script fails says why, and leaves the workspace free", async () => {
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

test("a run sees the states alone that are shared with its workspace", async () => {
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

test("a run that is canceled while its script runs ends so, and leaves the workspace free", async () => {
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

test("destroys", async () => {
  const { terraform } = workIn(stage, "gone", holding("first", "true"));
  await terraform("init");
  await terraform("apply", "-auto-approve");
  expect(await terraform("destroy", "-auto-approve")).toMatchObject({ exitCode: 0 });
  expect(
    (await stage.call("GET", "organizations/acme/workspaces/gone")).data.attributes["resource-count"],
  ).toBe(0);
});
