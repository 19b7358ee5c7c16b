import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { closeServer, listen } from "../../local-cloud/http-server";
import { settings, useNodeStage } from "../support/scripts/nodes";

const stage = useNodeStage();

/** Folder of the copies and of programs; HOME of the scripts, where they keep what they obtain. */
let scratch: string;
/** All of the system's programs but an AWS CLI and any Python. */
let bin: string;
let python: string;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "by-pip-"));
  bin = mkdtempSync(join(scratch, "bin-"));
  const folders = ["/bin", "/usr/bin"];
  for (const folder of folders) {
    for (const name of readdirSync(folder).filter((program) => !/^(aws|python.*|pip.*)$/.test(program))) {
      rmSync(join(bin, name), { force: true });
      symlinkSync(join(folder, name), join(bin, name));
    }
  }
  python = execFileSync("python3", ["-c", "import sys; print(sys.executable)"]).toString().trim();
});

afterAll(() => {
  rmSync(scratch, { recursive: true });
});

/** A PATH without an AWS CLI, but with this as its Python. */
function withPython(lines: string): string {
  const folder = mkdtempSync(join(scratch, "python-"));
  writeFileSync(join(folder, "python3"), `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  return `${folder}:${bin}`;
}

const withRealPython = () => withPython(`exec ${python} "$@"`);

const run = (path: string, overrides: Record<string, string> = {}) =>
  stage().runNodeScript("deregister.sh", settings({ PATH: path, HOME: scratch, ...overrides }));

const refusal =
  /FAILED: the AWS CLI \(`aws`\) is not on PATH, and can't be obtained: (.*)\. Install version 2 /;

/** Why it can't be obtained, and that nothing was called. */
async function reasonOf(path: string, overrides: Record<string, string> = {}): Promise<string> {
  const { status, output } = await run(path, overrides);
  expect(status).toBe(1);
  expect(stage().calls).toEqual([]);
  expect(output.trim().split("\n")).toHaveLength(1);
  return refusal.exec(output)?.[1] ?? output;
}

test("of two scripts that start without an AWS CLI, one obtains it with pip, and both use it", async () => {
  // As Debian has it without its package python3-pip.
  const bare = join(scratch, "bare");
  execFileSync(python, ["-m", "venv", "--without-pip", bare]);
  const path = withPython(`exec ${bare}/bin/python "$@"`);
  const home = mkdtempSync(join(scratch, "home-"));
  const began = await Promise.all([1, 2].map(() => run(path, { HOME: home })));
  const used = /anywhere: .*: the AWS CLI is not on PATH: using the one in (.*), obtained with pip/;
  const folders = began.map(({ status, output }) => {
    expect({ status, output }).toEqual({ status: 0, output: expect.stringMatching(used) as unknown });
    return used.exec(output)?.[1] ?? "";
  });
  expect(folders[1]).toBe(folders[0]);
  expect(stage().calls.filter((operation) => operation === "GetCallerIdentity")).toHaveLength(2);
  // For its owner alone, with nothing half made left in it.
  const cache = join(home, ".cache", "anywhere");
  expect(statSync(cache).mode & 0o777).toBe(0o700);
  expect(readdirSync(cache).sort()).toEqual([expect.stringMatching(/^aws-cli-[0-9a-f]{16}$/), "lock"]);
  const version = execFileSync(join(folders[0] ?? "", "aws"), ["--version"]).toString();
  const requirements = readFileSync("constructs/script/aws/requirements.txt", "utf8");
  expect(version).toContain(`aws-cli/${/^awscli==(\S+)/m.exec(requirements)?.[1] ?? "none"} `);

  // Again, without the index.
  const again = await run(path, { HOME: home, PIP_INDEX_URL: "http://127.0.0.1:9/simple" });
  expect(again).toMatchObject({ status: 0, output: expect.stringContaining(folders[0] ?? "") as unknown });
}, 300_000);

test("a package with another hash than the project names is refused, and nothing is kept", async () => {
  const library = join(scratch, "library");
  cpSync("constructs/script/aws", library, { recursive: true });
  const file = join(library, "requirements.txt");
  const requirements = readFileSync(file, "utf8");
  writeFileSync(file, requirements.replaceAll(/(?<=--hash=sha256:)[0-9a-f]{64}/g, "0".repeat(64)));
  const home = mkdtempSync(join(scratch, "home-"));
  const reason = await reasonOf(withRealPython(), {
    HOME: home,
    AWS_LIBRARY: join(library, "aws.sh"),
  });
  expect(reason).toMatch(/^pip refuses: ERROR: THESE PACKAGES DO NOT MATCH THE HASHES/);
  expect(readdirSync(join(home, ".cache", "anywhere"))).toEqual(["lock"]);
}, 120_000);

test("a package index that doesn't answer is given up in time, and nothing is kept", async () => {
  const silent = createServer();
  await listen(silent, { host: "127.0.0.1", port: 0 });
  const home = mkdtempSync(join(scratch, "home-"));
  const reason = await reasonOf(withRealPython(), {
    HOME: home,
    OBTAIN_SECONDS: "5",
    PIP_INDEX_URL: `http://127.0.0.1:${(silent.address() as AddressInfo).port}/simple`,
  });
  await closeServer(silent);
  expect(reason).toBe(
    "it took longer than 5 seconds: is the package index within reach (PIP_INDEX_URL, a proxy)?",
  );
  expect(readdirSync(join(home, ".cache", "anywhere"))).toEqual(["lock"]);
}, 60_000);

test.each([
  ["no Python", "exit 127", "no Python 3.9 or later is on PATH"],
  ["a Python before 3.9", "exit 1", "no Python 3.9 or later is on PATH"],
])("%s is reported with what to add", async (_name, lines, reason) => {
  expect(await reasonOf(withPython(lines))).toBe(reason);
});

test("a Python with neither pip nor the means to get it is reported", async () => {
  const missing = mkdtempSync(join(scratch, "missing-"));
  for (const name of ["pip", "venv"]) {
    writeFileSync(join(missing, `${name}.py`), `raise ModuleNotFoundError("${name}")\n`);
  }
  const reason = await reasonOf(withRealPython(), {
    HOME: mkdtempSync(join(scratch, "home-")),
    PYTHONPATH: missing,
  });
  expect(reason).toMatch(/has neither pip nor the means to make an environment with it \(venv, ensurepip\)$/);
});

test("if there is an AWS CLI, nothing is obtained", async () => {
  const home = mkdtempSync(join(scratch, "home-"));
  const { status, output } = await run(`${stage().bin}:${withPython("exit 1")}`, { HOME: home });
  expect({ status, output }).toEqual({ status: 0, output: expect.not.stringContaining("pip") as unknown });
  expect(readdirSync(home)).toEqual([]);
});
