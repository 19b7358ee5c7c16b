import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startAwsStages, type AwsStages } from "../support/scripts/cloud";
import { PublishStage, tag } from "../support/scripts/publish";

let stages: AwsStages;
let stage: PublishStage;

beforeAll(async () => {
  stages = await startAwsStages();
  stage = await PublishStage.open(stages);
}, 600_000);

afterAll(async () => {
  await stage.close();
  await stages.close();
});

test("an image whose files are all in the checked-out commit gets a second tag that names the commit", async () => {
  const checkout = mkdtempSync(join(tmpdir(), "checkout-"));
  const git = (...args: readonly string[]) =>
    execFileSync("git", ["-C", checkout, ...args], { encoding: "utf8" }).trim();
  git("init", "--quiet");
  mkdirSync(join(checkout, "app"));
  writeFileSync(join(checkout, "app/Dockerfile"), "FROM scratch\n");
  writeFileSync(join(checkout, ".gitignore"), "out\n");
  // As a synthesis makes it: a copy in a folder that no commit has.
  const context = join(checkout, "out/context");
  cpSync(join(checkout, "app"), context, { recursive: true });
  git("add", ".");
  git("-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message=one");
  const commit = git("rev-parse", "HEAD").slice(0, 12);
  const tags = async () => {
    const { imageDetails } = await stage.ecr<{ imageDetails: { imageTags: string[] }[] }>("DescribeImages", {
      repositoryName: "shop/app",
    });
    return imageDetails.flatMap(({ imageTags }) => imageTags).sort();
  };

  writeFileSync(join(context, "new"), "");
  expect(await stage.publish({ CONTEXT: context })).toMatchObject({ status: 0 });
  expect(await tags()).toEqual([tag]);
  await stage.ecr("BatchDeleteImage", { repositoryName: "shop/app", imageIds: [{ imageTag: tag }] });

  rmSync(join(context, "new"));
  const { status, output } = await stage.publish({ CONTEXT: context });
  rmSync(checkout, { recursive: true });
  expect(output).toContain(`it was built from commit ${commit}\n`);
  expect(status).toBe(0);
  expect(await tags()).toEqual([tag, `commit-${commit}`].sort());
});
