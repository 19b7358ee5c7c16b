import { afterEach, beforeEach, expect, test } from "@jest/globals";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { outputFolder, writeOutput } from "../../../checkout/output-folder";
import { ConfigError } from "../../../config/load";

let root: string;
const at = (path: string) => join(root, path);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "output-folder-"));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

const write = (path: string, text: string) => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
};

/** Writes stacks of these ids, as CDKTF does. */
const stacks =
  (...ids: readonly string[]) =>
  (outdir: string) => {
    for (const id of ids) {
      write(join(outdir, "stacks", id, "cdk.tf.json"), "{}");
    }
    const entries = ids.map((id) => [
      id,
      {
        name: id,
        workingDirectory: `stacks/${id}`,
        synthesizedStackPath: `stacks/${id}/cdk.tf.json`,
        stackMetadataPath: `stacks/${id}/metadata.json`,
        dependencies: [],
      },
    ]);
    write(
      join(outdir, "manifest.json"),
      JSON.stringify({ version: "1", stacks: Object.fromEntries(entries) as object }),
    );
  };

const output = (file: string, synthesise: (outdir: string) => void, more: NodeJS.ProcessEnv = {}) => {
  const name = file.replace(/^.*\/|\.\w+$/g, "");
  const config = { name: `shop-${name}`, backend: { kind: "local", folder: "state" } } as const;
  const variables = { CDKTF_OUTDIR: at("out"), ...more };
  return writeOutput(variables, { name, file, config }, synthesise, at("keep"));
};

test("each environment has a folder of its own, and its own file may write there again", async () => {
  await output("x/a.json", stacks("one"));
  await output("config/environments/b.ts", stacks("two"));
  await output("x/a.json", stacks("one"));
  expect(readdirSync(at("out"))).toEqual(["a", "b"]);
  expect([readdirSync(at("out/a/stacks")), readdirSync(at("out/b/stacks"))]).toEqual([["one"], ["two"]]);
});

test("another file of the same name is refused, with what to do, before anything is written", async () => {
  const first = at("x/a.json");
  write(first, "{}");
  await output(first, stacks("one"));
  const other = output("y/a.json", stacks("two"));
  await expect(other).rejects.toThrow(ConfigError);
  await expect(other).rejects.toThrow(
    /^y\/a\.json: its output folder \S+\/a is that of \S+\/x\/a\.json, which has the same name: rename one of the two, or give it another CDKTF_OUTDIR$/,
  );
  expect(readdirSync(at("out/a/stacks"))).toEqual(["one"]);
});

test("a file that takes the place of one that is gone takes over its folder", async () => {
  await output("x/a.ts", stacks("one"));
  await output("x/a.json", stacks("two"));
  expect(readdirSync(at("out/a/stacks"))).toEqual(["two"]);
});

test.each(["stacks", "manifest.json", "", ".", "..", "a/b"])(
  "an output folder can't be called %j",
  (name) => {
    expect(() => outputFolder({}, { name, file: "x" })).toThrow(ConfigError);
  },
);

test("only the folders of stacks that no longer exist are removed, unless they hold an errored.tfstate", async () => {
  await output("a.json", stacks("kept", "gone", "failed"));
  write(at("out/a/stacks/kept/.terraform/terraform.tfstate"), "remembered");
  write(at("out/a/stacks/gone/.terraform/terraform.tfstate"), "remembered");
  write(at("out/a/stacks/failed/errored.tfstate"), "precious");
  await output("b.json", stacks("gone"));
  await output("a.json", stacks("kept"));
  expect(readdirSync(at("out/a/stacks"))).toEqual(["failed", "kept"]);
  expect(existsSync(at("out/a/stacks/kept/.terraform/terraform.tfstate"))).toBe(true);
  expect(existsSync(at("out/a/stacks/failed/errored.tfstate"))).toBe(true);
  expect(readdirSync(at("out/b/stacks"))).toEqual(["gone"]);
});

test("the CDKTF CLI finds the stacks that it has synthesised, and only its synthesis writes a manifest", async () => {
  await output("a.json", stacks("one"));
  expect(readdirSync(at("out"))).toEqual(["a"]);
  await output("b.json", stacks("two"), { CDKTF_CONTINUE_SYNTH_ON_ERROR_ANNOTATIONS: "true" });
  await output("a.json", stacks("one"));
  expect(JSON.parse(readFileSync(at("out/manifest.json"), "utf8"))).toMatchObject({
    stacks: {
      two: {
        workingDirectory: "b/stacks/two",
        synthesizedStackPath: "b/stacks/two/cdk.tf.json",
        stackMetadataPath: "b/stacks/two/metadata.json",
      },
    },
  });
  expect(readdirSync(at("out"))).toEqual(["a", "b", "manifest.json"]);
});
