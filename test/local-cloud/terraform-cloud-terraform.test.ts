import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { findTerraform } from "../../local-cloud/terraform/executable";
import { owner, startTerraformCloud, workIn, type TerraformCloudStage } from "./terraform-cloud-stage";

jest.setTimeout(60_000);

let stage: TerraformCloudStage;

beforeAll(async () => {
  stage = await startTerraformCloud(await findTerraform(process.env));
  const local = { data: { type: "organizations", attributes: { "default-execution-mode": "local" } } };
  await stage.call("PATCH", owner, local);
});

afterAll(() => stage.close());

/** Something of Terraform's own, which needs no provider. */
const holding = (input: string) => ({
  resource: { terraform_data: { one: { input } } },
  output: {
    text: { value: "${terraform_data.one.output}" },
    code: { value: "secret", sensitive: true },
  },
});

test("Terraform creates a workspace and its state, and another stack reads the outputs", async () => {
  const { terraform } = workIn(stage, "producer", holding("first"));
  expect(await terraform("init")).toMatchObject({ exitCode: 0 });
  expect(await terraform("apply", "-auto-approve")).toMatchObject({ exitCode: 0 });
  expect((await terraform("plan", "-detailed-exitcode")).exitCode).toBe(0);
  expect(JSON.parse((await terraform("output", "-json")).stdout)).toEqual({
    text: { value: "first", type: "string", sensitive: false },
    code: { value: "secret", type: "string", sensitive: true },
  });
  const { hostname } = stage.cloud;
  const config = { hostname, organization: "acme", workspaces: { name: "producer" } };
  const reader = workIn(stage, "reader", {
    data: { terraform_remote_state: { producer: { backend: "remote", config } } },
    output: { read: { value: "${data.terraform_remote_state.producer.outputs.code}", sensitive: true } },
  });
  await reader.terraform("init");
  expect(await reader.terraform("apply", "-auto-approve")).toMatchObject({ exitCode: 0 });
  expect((await reader.terraform("output", "-raw", "read")).stdout).toBe("secret");
});

test("a state whose upload failed is kept in errored.tfstate, and pushed once the lock is broken", async () => {
  const { folder, configure, terraform } = workIn(stage, "errored", holding("first"));
  await terraform("init");
  expect(await terraform("apply", "-auto-approve")).toMatchObject({ exitCode: 0 });
  stage.world.faults.push({
    match: { service: "terraform-cloud", operation: "PUT /_archivist/v1/state/{secret}" },
    times: 1,
    effect: { kind: "error", status: 403, code: "forbidden", message: "The address has expired" },
  });
  configure(holding("second"));
  expect((await terraform("apply", "-auto-approve")).exitCode).toBe(1);
  expect(existsSync(join(folder, "errored.tfstate"))).toBe(true);
  const refused = await terraform("apply", "-auto-approve");
  expect(refused).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('(lock ID: "acme/errored")'),
  });
  expect(await terraform("force-unlock", "-force", "acme/errored")).toMatchObject({ exitCode: 0 });
  expect(await terraform("state", "push", "errored.tfstate")).toMatchObject({ exitCode: 0 });
  expect((await terraform("plan", "-detailed-exitcode")).exitCode).toBe(0);
  expect((await terraform("output", "-raw", "text")).stdout).toBe("second");
});
