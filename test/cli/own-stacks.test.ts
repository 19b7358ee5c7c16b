import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { backendBlock, describePlace } from "../../cli/terraform/backend-block";
import { readStacks, type Stack } from "../../cli/terraform/stacks";
import { parseConfig } from "../../config/load";
import type { Environment } from "../../config/schema";
import { synthesisArguments } from "../../cli/terraform/synthesis";
import { onPremises } from "./project";

const root = resolve(__dirname, "../..");
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
  services: { web: { image: "registry.example/app:v1", http: { port: 8080 } } },
} satisfies Environment;

/** The project's own stacks, as main.ts synthesises them. */
function synthesise(more: Partial<Environment> = {}): readonly Stack[] {
  const file = join(folder, "environment.json");
  const outdir = join(folder, "cdktf.out");
  writeFileSync(file, JSON.stringify({ ...environment, ...more }));
  execFileSync(process.execPath, synthesisArguments, {
    cwd: root,
    env: { PATH: process.env["PATH"], HOME: folder, ANYWHERE_ENV: file, CDKTF_OUTDIR: outdir },
    stdio: "pipe",
  });
  return readStacks(join(outdir, "environment"));
}

test("the project's stacks are in order from the control plane to the services, each with those that it reads", () => {
  expect(synthesise().map(({ id, reads }) => ({ id, reads }))).toEqual([
    { id: "control-plane", reads: [] },
    { id: "activations", reads: ["control-plane"] },
    { id: "compute-ams3", reads: ["activations"] },
    { id: "compute-zurich", reads: ["activations"] },
    { id: "service-web", reads: ["control-plane"] },
  ]);
});

test.each<NonNullable<Environment["backend"]>>([
  { kind: "local" },
  { kind: "s3", bucket: "states-of-own-stacks", region: "eu-west-1", kmsKeyId: "alias/states" },
  { kind: "cloud", organization: "example", project: "anywhere" },
])("a stack's state is reported to be where the stack keeps it: $kind", (backend) => {
  const { name, backend: configured } = parseConfig({ ...environment, backend }, "environment.json");
  for (const { id, folder, terraform } of synthesise({ backend })) {
    const { backend: local, cloud } = terraform;
    const written = { ...(local && { backend: local }), ...(cloud && { cloud }) };
    const block = backendBlock(configured, `${name}--${id}`);
    expect(describePlace(block, folder)).toBe(describePlace(written, folder));
    if (backend.kind !== "local") {
      expect(block).toEqual(written);
    }
  }
});
