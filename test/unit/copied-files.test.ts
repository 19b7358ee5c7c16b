import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { oneSite } from "../support/synthesis/environments";
import { synthInto } from "../support/synthesis/synth";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "copied-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** The copy of a script in a stack's folder, and the folder of its versions. */
function copyOf(script: string): { readonly versions: string; readonly copy: string } {
  const versions = join(directory, "stacks", "compute-ams3", "assets", script);
  const [version = ""] = readdirSync(versions);
  return { versions, copy: join(versions, version, `${script}.sh`) };
}

test("a synthesis leaves copies of scripts alone that are as they should be", () => {
  synthInto(directory, oneSite);
  const { copy } = copyOf("deregister");
  const { ino, mtimeMs } = statSync(copy);
  synthInto(directory, oneSite);
  expect(statSync(copy)).toMatchObject({ ino, mtimeMs });
});

test("a synthesis restores copies that were edited or lost, and removes other versions", () => {
  synthInto(directory, oneSite);
  const [edited, lost] = [copyOf("deregister"), copyOf("await")];
  const [wanted, further] = [readFileSync(edited.copy, "utf8"), readFileSync(lost.copy, "utf8")];
  writeFileSync(edited.copy, "exit 0\n");
  rmSync(lost.copy);
  mkdirSync(join(lost.versions, "FORMER"));
  synthInto(directory, oneSite);
  expect(readFileSync(edited.copy, "utf8")).toBe(wanted);
  expect(readFileSync(lost.copy, "utf8")).toBe(further);
  expect(readdirSync(lost.versions)).toHaveLength(1);
});

test("nodes are written by name, in whatever order they are configured", () => {
  const site = oneSite.sites.ams3;
  const named = (...names: string[]) => ({
    ...oneSite,
    sites: { ams3: { ...site, nodes: Object.fromEntries(names.map((name) => [name, {}])) } },
  });
  const written = [named("a", "b"), named("b", "a")].map((environment) => {
    synthInto(directory, environment);
    return readFileSync(join(directory, "stacks", "compute-ams3", "cdk.tf.json"), "utf8");
  });
  expect(written[1]).toBe(written[0]);
});
