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
import { CheckoutProblem } from "../../../checkout/problem";
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

const unwritable = (value: string, reason: string) =>
  `CDKTF_OUTDIR is ${JSON.stringify(value)}, where the output can't be written (${reason}): set it to a folder that you can write to, or unset it for cdktf.out`;

const refused = async (outdir: string): Promise<unknown> => {
  const variables = { CDKTF_OUTDIR: outdir };
  return await output("a.json", stacks("one"), variables).then(
    () => "nothing was refused",
    (error: unknown) => (error instanceof CheckoutProblem ? error.message : error),
  );
};

test("a folder below a file is refused with the variable, its value and the remedy", async () => {
  write(at("file"), "");
  const value = at("file");
  expect(await refused(value)).toBe(
    unwritable(value, `ENOTDIR: not a directory, stat '${join(value, "a")}'`),
  );
});

test("a folder that the system can't make is refused at once", async () => {
  const value = "/proc/anywhere";
  expect(await refused(value)).toBe(unwritable(value, `ENOENT: no such file or directory, mkdir '${value}'`));
});

test.each([
  ["the environment's folder", "a", "EEXIST: file already exists, mkdir"],
  ["a stack's folder", "a/stacks/one", "EEXIST: file already exists, mkdir"],
])("a file in place of %s is refused", async (_, path, reason) => {
  const place = join(at("out"), path);
  write(place, "");
  expect(await refused(at("out"))).toBe(unwritable(at("out"), `${reason} '${place}'`));
});

test("a failure elsewhere in a synthesis is not blamed on the output folder", async () => {
  const failing = output("a.json", () => readFileSync(at("gone")));
  await expect(failing).rejects.toThrow(`ENOENT: no such file or directory, open '${at("gone")}'`);
  await expect(failing).rejects.not.toBeInstanceOf(CheckoutProblem);
});

test("a default folder that can't be written is refused with the variable that names another", async () => {
  write(at("cdktf.out"), "");
  const directory = process.cwd();
  process.chdir(root);
  const failing = output("a.json", stacks("one"), { CDKTF_OUTDIR: "" });
  await failing.catch(() => undefined);
  process.chdir(directory);
  await expect(failing).rejects.toThrow(
    /^cdktf\.out can't be written \(ENOTDIR: .*\): make it writable, or set CDKTF_OUTDIR to a folder that is$/,
  );
});

test("a path with the character NUL is refused", async () => {
  expect(await refused("/tmp/a\0b")).toMatch(
    /^CDKTF_OUTDIR is "\/tmp\/a\\u0000b", where the output can't be written \(.*null bytes/,
  );
});

test("a folder for locks that can't be made is refused with its place and the remedy", async () => {
  write(at("keep"), "");
  await expect(output("a.json", stacks("one"))).rejects.toThrow(
    new CheckoutProblem(
      `${at("keep/shop-a")}, where commands keep their locks, can't be written (ENOTDIR: not a directory, mkdir '${at("keep/shop-a")}'): make it writable, or use a checkout that is`,
    ),
  );
});
