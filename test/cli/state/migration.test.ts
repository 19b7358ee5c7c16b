import { HeadObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../../config/schema";
import { findTerraform } from "../../../local-cloud/terraform/executable";
import {
  owner,
  startTerraformCloud,
  token,
  type TerraformCloudStage,
} from "../../local-cloud/terraform-cloud-stage";
import { bucket, inS3, local, useShop } from "./shop";

// With the Terraform of the machine, on resources that need no provider.
jest.setTimeout(300_000);

let hcp: TerraformCloudStage;

beforeAll(async () => {
  hcp = await startTerraformCloud(await findTerraform(process.env));
});

afterAll(() => hcp.close());

const shop = useShop(() => ({ ...hcp.userVariables, TF_TOKEN_app_terraform_io: token }));
const { configure, shell, anywhere, deployInto, blocks } = shop;

const stacks = ["activations", "compute-berlin", "control-plane"];
const [before = "", copy = "", intoHcp = "", pull = "", push = "", remove = ""] =
  blocks("Move to another backend");

const inHcp = (): Environment["backend"] => ({
  kind: "cloud",
  organization: "acme",
  hostname: hcp.cloud.hostname,
});

/** Moves the states by the commands of the page, those before and those after the file is changed. */
async function move(commands: readonly [string, string], to: Environment["backend"]): Promise<void> {
  expect(await shell(commands[0])).toSucceed();
  configure(to);
  await anywhere("bootstrap-state");
  expect(await anywhere("diff")).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining(
      "backend has changed, and the former one still has states with deployed resources",
    ),
  });
  const moved = await shell(commands[1]);
  expect(moved).toSucceed();
  expect(moved.stdout).toContain("No changes.");
}

test("states move between a folder, a bucket and HCP Terraform, and leave nothing behind", async () => {
  await deployInto(inS3);
  await move([before, copy], local);
  expect(await shell("aws s3 rm s3://shop-states/ --recursive")).toSucceed();

  await move([before, intoHcp], inHcp());
  for (const stack of stacks) {
    const { attributes } = (await hcp.call("GET", `${owner}/workspaces/shop--${stack}`)).data;
    expect(attributes).toMatchObject({ locked: false, "resource-count": expect.any(Number) });
    expect(attributes["resource-count"]).toBeGreaterThan(0);
  }
  expect(await shell("rm state/shop--*.tfstate*")).toSucceed();

  await move([pull, push], local);
  expect(existsSync(join(shop.project.folder, "cdktf.out/dev/stacks/control-plane/moved.tfstate"))).toBe(
    false,
  );
  expect(await shell(remove.replace("app.terraform.io", hcp.cloud.hostname))).toSucceed();
  expect((await hcp.call("GET", `${owner}/workspaces`)).list).toEqual([]);

  await move([before, copy], inS3);
  await shop.s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "shop--activations.tfstate" }));
  expect(await shell("rm state/shop--*.tfstate*")).toSucceed();
  await move([before, intoHcp], inHcp());
});
