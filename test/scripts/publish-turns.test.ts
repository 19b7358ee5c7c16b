import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { startAwsStages, type AwsStages } from "../support/scripts/cloud";
import { image, PublishStage, tag } from "../support/scripts/publish";

let stages: AwsStages;
let stage: PublishStage;

beforeAll(async () => {
  stages = await startAwsStages();
}, 600_000);

beforeEach(async () => {
  stage = await PublishStage.open(stages);
});

afterEach(() => stage.close());

afterAll(() => stages.close());

/** Whoever waits for another run gives up at once, with a message of its own. */
const impatient = { BUILD_SECONDS: "0", PUSH_SECONDS: "0" };
const refused = (path: string, reason: string) =>
  `anywhere: image ${tag}: FAILED: can't create the lock for building ${image}: ` +
  `ln: failed to create symbolic link '${path}': ${reason}. ` +
  "Set TMPDIR to another folder that can be written, and run again. Nothing was built.\n";

test("a temporary folder that can't be written any more is reported at once", async () => {
  const bin = mkdtempSync(join(tmpdir(), "bin-"));
  // As if the folder had still been writable when the script began.
  writeFileSync(join(bin, "mktemp"), `#!/bin/sh\nTMPDIR=${bin} exec /usr/bin/mktemp -d\n`, { mode: 0o755 });
  const PATH = `${bin}:${stage.pathWithoutDocker()}`;
  const { status, output } = await stage.publish({ ...impatient, PATH, TMPDIR: "/proc" });
  rmSync(bin, { recursive: true });
  expect(output).toBe(refused(stage.turn("/proc"), "No such file or directory"));
  expect(status).toBe(1);
});

test("a file in the place of a turn, such as a full disk once left, is reported at once", async () => {
  writeFileSync(stage.turn(), "");
  const { status, output } = await stage.publish(impatient);
  expect(output).toBe(refused(stage.turn(), "File exists"));
  expect(status).toBe(1);
  expect(stage.dockerCalls).toEqual([]);
});

test("the turn of a run that was killed is taken over, and given up at the end", async () => {
  // No process has a number beyond Linux's limit.
  symlinkSync("4194305", stage.turn());
  expect(await stage.publish()).toMatchObject({ status: 0 });
  expect(stage.left).toEqual([]);
});

test("a run that builds the same image is waited for, and named when that takes too long", async () => {
  symlinkSync(String(process.pid), stage.turn());
  const { status, output } = await stage.publish(impatient);
  expect(output).toBe(
    `anywhere: image ${tag}: process ${process.pid} is building ${image}: waiting for it\n` +
      `anywhere: image ${tag}: FAILED: process ${process.pid} has been building ${image} for too long ` +
      `(${stage.turn()}). End it, and run again.\n`,
  );
  expect(status).toBe(1);
});
