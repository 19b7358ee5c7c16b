import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const cli = resolve(__dirname, "../../cli/anywhere.js");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cli-node-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Runs the command line interface in a Node.js that takes itself for another version, with its loaded files shown. */
async function runAs(version: string, ...args: string[]) {
  const shim = join(folder, `${version}.js`);
  writeFileSync(
    shim,
    `Object.defineProperty(process.versions, "node", { value: "${version}" });
     process.on("exit", () => console.log(Object.keys(require.cache).length));`,
  );
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((done) => {
    execFile(
      process.execPath,
      ["--require", shim, ...(args.length > 0 ? args : [cli, "--help"])],
      (error, stdout, stderr) => {
        done({ code: error?.code ?? 0, stdout, stderr });
      },
    );
  });
}

test.each(["18.20.8", "20.8.1", "25.0.0"])(
  "refuses Node.js %s in one line, before anything is loaded",
  async (version) => {
    expect(await runAs(version)).toEqual({
      code: 1,
      // The shim, anywhere.js, node-version.js and package.json.
      stdout: "4\n",
      stderr: `This project needs Node.js >=20.9 <25, and this is ${version}: install Node.js 20, 22 or 24.\n`,
    });
  },
);

test.each([
  ["the local cloud", ["local-cloud/run.js", "local-cloud/serve.ts"]],
  ["the demo", ["local-cloud/run.js", "demo/demo.ts"]],
  ["the tests", ["-e", "require('./jest.config')"]],
])("an unsupported Node.js is refused in the same way by %s", async (_, args) => {
  expect(await runAs("25.0.0", ...args)).toMatchObject({
    code: 1,
    stderr: "This project needs Node.js >=20.9 <25, and this is 25.0.0: install Node.js 20, 22 or 24.\n",
  });
});

test.each(["20.9.0", "20.20.2", "22.17.0", "24.4.1"])("runs on Node.js %s", async (version) => {
  const { code, stdout, stderr } = await runAs(version);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("Usage: anywhere");
});
