import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { ensurePython } from "../../local-cloud/python/environment";

const remedy =
  "Install Python 3.10 or newer with its venv module (Debian and Ubuntu: apt-get install python3 python3-venv).";
const original = { ...process.env };
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "python-"));
});

afterEach(() => {
  process.env = { ...original };
  rmSync(directory, { recursive: true });
});

/** Puts a `python3` that answers this in place of the machine's. */
function pretend(answer: string): void {
  const bin = join(directory, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "python3"), `#!/bin/sh\necho '${answer}'\n`);
  chmodSync(join(bin, "python3"), 0o755);
  process.env["PATH"] = bin;
}

test("a missing python3 is reported with what to install", async () => {
  process.env["PATH"] = join(directory, "nothing");
  await expect(ensurePython(directory)).rejects.toThrow(`python3 is not on the PATH. ${remedy}`);
});

test("an old python3 is named with its version", async () => {
  pretend("3.9 True");
  await expect(ensurePython(directory)).rejects.toThrow(`python3 is version 3.9. ${remedy}`);
});

test("a python3 without the venv module is reported as such", async () => {
  pretend("3.12 False");
  await expect(ensurePython(directory)).rejects.toThrow(
    `python3 (version 3.12) has no venv module. ${remedy}`,
  );
});

test("a failed installation of packages leaves nothing half-made, and an unfinished folder isn't used", async () => {
  // The remains of an interrupted run, which have no stamp.
  mkdirSync(join(directory, "venv", "bin"), { recursive: true });
  writeFileSync(join(directory, "venv", "bin", "python"), "");
  Object.assign(process.env, {
    PIP_INDEX_URL: "http://127.0.0.1:9/simple",
    PIP_RETRIES: "0",
    PIP_NO_CACHE_DIR: "1",
    PIP_FIND_LINKS: "",
  });
  const told: string[] = [];
  const made = ensurePython(directory, (line) => told.push(line));
  await expect(made).rejects.toThrow("Making the virtual environment");
  expect(told[0]).toBe(
    `Installing Python packages for the local cloud, only this once, into ${join(directory, "venv")}`,
  );
  expect(existsSync(join(directory, "venv"))).toBe(false);
  expect(readdirSync(directory).filter((name) => name.startsWith("venv") && !name.endsWith("lock"))).toEqual(
    [],
  );
}, 120_000);
