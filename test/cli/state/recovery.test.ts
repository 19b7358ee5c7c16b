import { DeleteObjectCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import { describe, expect, jest, test } from "@jest/globals";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bucket, inS3, local, page, useShop } from "./shop";

// With the Terraform of the machine, on resources that need no provider.
jest.setTimeout(300_000);

const folder = "cdktf.out/dev/stacks/control-plane";
const shop = useShop();
const { configure, shell, anywhere, deploy, deployInto, blocks } = shop;

describe("with states in S3,", () => {
  test("a deleted state is restored from its newest version, and another state from an earlier version", async () => {
    await deployInto(inS3);
    await shop.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "shop--control-plane.tfstate" }));
    expect(await anywhere("diff", "control-plane")).toMatchObject({ exitCode: 2 });
    const [list = "", restore = ""] = blocks("A state that is lost or damaged");
    const recovered = await shell(`${list}${restore}`);
    expect(recovered).toSucceed();
    expect(existsSync(join(shop.project.folder, "recovered.tfstate"))).toBe(false);

    configure(inS3, "rack-1", "rack-2");
    expect(await deploy()).toSucceed();
    const earlier = `${list}${restore}`
      .replaceAll("control-plane", "compute-berlin")
      .replace("[0].VersionId", "[1].VersionId");
    expect(earlier).toContain("| [1].VersionId");
    expect(await shell(earlier)).toMatchObject({
      exitCode: 2,
      stdout: expect.stringMatching(/compute-berlin \| .*deregistration\["rack-2"\] will be created/),
    });
  });

  test("a state that couldn't be written stops every command until it is pushed", async () => {
    configure(inS3);
    await anywhere("bootstrap-state");
    shop.aws.denied = /^PUT \/shop-states\/shop--control-plane\.tfstate(\?|$)/;
    const failed = await anywhere("deploy", "control-plane", "--auto-approve");
    expect(failed.exitCode).toBe(1);
    expect(existsSync(join(shop.project.folder, folder, "errored.tfstate"))).toBe(true);
    shop.aws.denied = undefined;
    const refused = await deploy();
    expect(refused.exitCode).toBe(1);
    const [documented = ""] = blocks("A state that could not be written");
    expect(refused.stderr).toContain(`Nothing was started: Terraform could not save the states`);
    expect(refused.stderr).toContain(documented);
    expect(await shell(documented)).toSucceed();
    expect(await anywhere("diff", "control-plane")).toSucceed();
    expect(shop.project.lines("record").filter((line) => line === "+ control-plane cluster")).toHaveLength(1);
  });

  test("a destroy that finds no state says where it looked", async () => {
    configure(inS3);
    await anywhere("bootstrap-state");
    expect(await anywhere("destroy", "--auto-approve")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("- control-plane: s3://shop-states/shop--control-plane.tfstate\n"),
    });
  });

  test("a new key encrypts states, and nothing else changes", async () => {
    await deployInto(inS3);
    const kmsKeyId = "alias/shop-states-2027";
    configure({ ...inS3, kmsKeyId });
    const [rotate = ""] = blocks("Rotate");
    expect(await shell(rotate)).toSucceed();
    const Key = "shop--control-plane.tfstate";
    expect(await shop.s3.send(new HeadObjectCommand({ Bucket: bucket, Key }))).toMatchObject({
      ServerSideEncryption: "aws:kms",
      SSEKMSKeyId: kmsKeyId,
    });
  });
});

describe("with local states,", () => {
  test("a damaged state is restored from the one before the last change, which is kept beside it", async () => {
    await deployInto(local);
    configure(local, "rack-1", "rack-2");
    expect(await deploy()).toSucceed();
    writeFileSync(join(shop.project.folder, "state/shop--activations.tfstate"), "damaged");
    expect(await anywhere("diff", "activations")).toMatchObject({ exitCode: 1 });
    const [, , copy = ""] = blocks("A state that is lost or damaged");
    expect(await shell(copy.replaceAll("control-plane", "activations"))).toSucceed();
    expect(await anywhere("diff", "activations")).toMatchObject({
      exitCode: 2,
      stdout: expect.stringMatching(/activations \| .*node\["berlin\/rack-2"\] will be created/),
    });
  });

  test("a state of a newer provider gives the error that docs/state-and-secrets.md quotes", async () => {
    await deployInto(local);
    const file = join(shop.project.folder, "state/shop--control-plane.tfstate");
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replaceAll('"schema_version": 0', '"schema_version": 9'));
    const told = await anywhere("diff", "control-plane");
    writeFileSync(file, text);
    const words = "Resource instance managed by newer provider version";
    expect(told).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(words) });
    expect(readFileSync(page, "utf8")).toContain(words);
  });
});
