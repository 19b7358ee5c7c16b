import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { makeRunDirectory } from "../../local-cloud/run-directory";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cloud-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

test("a local cloud has a run directory of its own, and removes it when it ends", async () => {
  const { path, remove } = await makeRunDirectory(directory);
  expect(dirname(path)).toBe(tmpdir());
  expect(realpathSync(join(directory, "run"))).toBe(realpathSync(path));
  await remove();
  expect(existsSync(path)).toBe(false);
  expect(readdirSync(directory)).toEqual([]);
});

test("the run directory of a killed local cloud is removed when the next one starts", async () => {
  const killed = await makeRunDirectory(directory);
  writeFileSync(join(killed.path, "supervisor.js"), "");
  const { path, remove } = await makeRunDirectory(directory);
  expect(existsSync(killed.path)).toBe(false);
  expect(existsSync(path)).toBe(true);
  await remove();
});

test("a run directory that was removed doesn't keep the next local cloud from starting", async () => {
  const cleaned = await makeRunDirectory(directory);
  rmSync(cleaned.path, { recursive: true });
  const { path, remove } = await makeRunDirectory(directory);
  expect(existsSync(path)).toBe(true);
  await remove();
});
