import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { keyedAs } from "../../../cli/forgotten-sites";
import { readStacks, type Stack } from "../../../cli/stacks";
import { namesOf } from "../../../config/names";
import { parseConfig } from "../../../config/load";
import type { Environment } from "../../../config/schema";
import { onPremises } from "./project";

const root = resolve(__dirname, "../../..");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cli-stacks-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const environment = {
  name: "own-stacks",
  aws: { region: "eu-west-1", accountId: "111122223333" },
  sites: { zurich: onPremises("rack-1"), ams3: { kind: "digitalocean", region: "ams3", nodes: 2 } },
  application: { image: { uri: "registry.example/app:v1" } },
} satisfies Environment;

/** The project's own stacks, as main.ts synthesises them. */
function synthesise(more: Partial<Environment> = {}): readonly Stack[] {
  const file = join(folder, "environment.json");
  const outdir = join(folder, "cdktf.out");
  writeFileSync(file, JSON.stringify({ ...environment, ...more }));
  execFileSync(process.execPath, ["--require", "tsx/cjs", "main.ts"], {
    cwd: root,
    env: { PATH: process.env["PATH"], HOME: folder, ANYWHERE_ENV: file, CDKTF_OUTDIR: outdir },
    stdio: "pipe",
  });
  return readStacks(join(outdir, "environment"));
}

test("the project's stacks are deployed from the control plane to the application, and all read its outputs", () => {
  expect(synthesise().map(({ id, reads }) => ({ id, reads }))).toEqual([
    { id: "control-plane", reads: [] },
    { id: "activations", reads: ["control-plane"] },
    { id: "compute-ams3", reads: ["activations"] },
    { id: "compute-zurich", reads: ["activations"] },
    { id: "application", reads: ["control-plane"] },
  ]);
});

test.each<NonNullable<Environment["backend"]>>([
  { kind: "local" },
  { kind: "s3", bucket: "states-of-own-stacks", region: "eu-west-1", kmsKeyId: "alias/states" },
  { kind: "cloud", organization: "example", project: "anywhere" },
])("the state of a site that left the config is looked for where its stack had it: $kind", (backend) => {
  const stacks = synthesise({ backend });
  const [controlPlane, site] = ["control-plane", "compute-ams3"].map((id) =>
    stacks.find((stack) => stack.id === id),
  );
  const key = namesOf(parseConfig(environment, "environment.json")).state("compute-ams3");
  const { required_providers: providers, ...expected } = site?.terraform ?? {};
  expect(Object.keys(providers ?? {})).toEqual(["digitalocean", "null"]);
  expect(keyedAs(controlPlane?.terraform ?? {}, key)).toEqual(expected);
});
