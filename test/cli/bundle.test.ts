import { execFile } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";

let folder: string;
let cache: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "bundle-")));
  cache = join(folder, ".anywhere/.bundles");
  for (const part of ["bundle", "node-version.js", "package.json"]) {
    cpSync(part, join(folder, part), { recursive: true });
  }
  mkdirSync(join(folder, "node_modules"));
  for (const name of ["esbuild", "@esbuild"]) {
    symlinkSync(resolve("node_modules", name), join(folder, "node_modules", name));
  }
  write("main.ts", 'import { said } from "./parts/said";\nconsole.log(said);\n');
  write("parts/said.ts", 'export const said: string = "first";\n');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(file: string, content: string): void {
  mkdirSync(join(folder, file, ".."), { recursive: true });
  writeFileSync(join(folder, file), content);
}

function run() {
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((done) => {
    execFile(process.execPath, ["bundle/run.js", "main.ts"], { cwd: folder }, (error, stdout, stderr) => {
      done({ code: error?.code ?? 0, stdout, stderr });
    });
  });
}

const built = () =>
  readdirSync(cache).map((file) => [
    file,
    statSync(join(cache, file)).mtimeMs,
    statSync(join(cache, file)).ino,
  ]);

test("a bundle is built once, and again when one of its sources changes", async () => {
  expect(await run()).toEqual({ code: 0, stdout: "first\n", stderr: "" });
  const first = built();
  expect(first).toHaveLength(3);
  expect(await run()).toMatchObject({ stdout: "first\n" });
  expect(built()).toEqual(first);
  write("parts/said.ts", 'export const said: string = "second";\n');
  expect(await run()).toMatchObject({ stdout: "second\n" });
  expect(built()).not.toEqual(first);
});

test("compiled code is kept for one bundle and one version of Node.js, and replaced when it can't be used", async () => {
  await run();
  const [code = ""] = readdirSync(cache).filter((file) => file.endsWith(".code"));
  const kept = readFileSync(join(cache, code));
  // V8 would take it for good: it looks at a source's length alone.
  write("parts/said.ts", 'export const said: string = "fifth";\n');
  expect(await run()).toEqual({ code: 0, stdout: "fifth\n", stderr: "" });
  const made = readFileSync(join(cache, code));
  expect(made.equals(kept)).toBe(false);
  for (const useless of [
    Buffer.from("nothing"),
    Buffer.concat([made.subarray(0, made.indexOf("\n") + 1), Buffer.alloc(1000)]),
    Buffer.from(made.toString("latin1").replace(process.version, "v20.0.0"), "latin1"),
  ]) {
    writeFileSync(join(cache, code), useless);
    expect(await run()).toEqual({ code: 0, stdout: "fifth\n", stderr: "" });
    expect(readFileSync(join(cache, code)).subarray(0, made.indexOf("\n"))).toEqual(
      made.subarray(0, made.indexOf("\n")),
    );
    expect(readFileSync(join(cache, code)).equals(useless)).toBe(false);
  }
});

test("a bundle is built again when the installed packages change", async () => {
  await run();
  const first = built();
  write("node_modules/.package-lock.json", "{}");
  // Known from the next build on; before there was nothing to compare with.
  write("main.ts", 'console.log("third");\n');
  await run();
  const second = built();
  expect(second).not.toEqual(first);
  write("node_modules/.package-lock.json", '{ "packages": {} }');
  expect(await run()).toMatchObject({ stdout: "third\n" });
  expect(built()).not.toEqual(second);
});

test("characters beyond ASCII mean what they mean in a source, and are in no bundle, which V8 would keep in twice the memory", async () => {
  write(
    "main.ts",
    '// A comment — with a dash.\nconsole.log("text … and `ß`", /^[—]é$/.test("—é"), `${1}à`);\n',
  );
  expect(await run()).toEqual({ code: 0, stdout: "text … and `ß` true 1à\n", stderr: "" });
  const [bundle = ""] = readdirSync(cache).filter((file) => file.endsWith(".js"));
  expect(readFileSync(join(cache, bundle), "utf8")).not.toMatch(/\P{ASCII}/u);
});

test("a source reads files beside it, and loads other sources at run time", async () => {
  write("parts/text", "beside");
  write("parts/later.ts", "export default `later in ${__dirname}`;\n");
  write(
    "parts/said.ts",
    `import { readFileSync } from "node:fs";
     import { join } from "node:path";
     const file: string = join(__dirname, "later.ts");
     export const said = [readFileSync(join(__dirname, "text"), "utf8"), require(file).default].join();\n`,
  );
  expect(await run()).toEqual({ code: 0, stdout: `beside,later in ${folder}/parts\n`, stderr: "" });
});

test("CDKTF packs an archive asset in a bundle, too", async () => {
  for (const name of ["cdktf", "constructs"]) {
    symlinkSync(resolve("node_modules", name), join(folder, "node_modules", name));
  }
  write("packed/file", "content");
  write("out/stacks/.keep", "");
  write(
    "main.ts",
    `import { App, AssetType, TerraformAsset, TerraformStack } from "cdktf";
     const app = new App({ outdir: "out" });
     const stack = new TerraformStack(app, "stack");
     const { path } = new TerraformAsset(stack, "packed", { path: __dirname + "/packed", type: AssetType.ARCHIVE });
     app.synth();
     console.log(path);\n`,
  );
  const { code, stdout, stderr } = await run();
  expect([code, stderr]).toEqual([0, ""]);
  const packed = readFileSync(join(folder, "out/stacks/stack", stdout.trim()));
  expect(packed.toString("latin1")).toContain("PK\x03\x04");
});

test("a part of CDKTF that isn't as it was when it was made quicker is refused", async () => {
  write("node_modules/cdktf/lib/tokens/private/resolve.js", "exports.resolve = (value) => value;\n");
  write("main.ts", 'import { resolve } from "cdktf/lib/tokens/private/resolve";\nresolve("");\n');
  expect(await run()).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("resolve.js doesn't contain the text that quick-resolution replaces"),
  });
});

test("errors name the place in the source", async () => {
  write(
    "parts/said.ts",
    'type None = never;\n\nexport const said: None = fail();\nfunction fail(): never {\n  throw new Error("no such thing");\n}\n',
  );
  const thrown = await run();
  expect(thrown).toMatchObject({ code: 1, stdout: "" });
  expect(thrown.stderr).toContain("Error: no such thing\n");
  expect(thrown.stderr).toContain(`at fail (${folder}/parts/said.ts:5:9)`);
  write("parts/said.ts", 'export const said = ["first";\n');
  expect((await run()).stderr).toContain('SyntaxError: parts/said.ts:1:29: Expected "]" but found ";"');
  write("parts/said.ts", 'export { said } from "./gone";\n');
  expect((await run()).stderr).toContain('SyntaxError: parts/said.ts:1:22: Could not resolve "./gone"');
});

test("an error of the file that was asked for names its own place, too", async () => {
  write("main.ts", 'import { said } from "./parts/said";\n\nthrow new Error(said);\n');
  expect((await run()).stderr).toContain(`at Object.<anonymous> (${folder}/main.ts:3:7)`);
});

test("a bundle that can't be kept is built for each run", async () => {
  write(".anywhere", "no folder");
  expect(await run()).toEqual({ code: 0, stdout: "first\n", stderr: "" });
  expect(await run()).toEqual({ code: 0, stdout: "first\n", stderr: "" });
});
