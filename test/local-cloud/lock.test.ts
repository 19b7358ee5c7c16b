import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { lock } from "../../local-cloud/lock";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "lock-"));
});

afterEach(() => rm(directory, { recursive: true }));

test("a second local cloud in a folder is refused, with the process of the first", async () => {
  await lock(directory);
  await expect(lock(directory)).rejects.toThrow(
    `A local cloud already runs in ${directory} (process ${process.pid}): use that one, or end it with Ctrl-C or "kill ${process.pid}".`,
  );
});

test("a folder whose lock was released can be locked again", async () => {
  const unlock = await lock(directory);
  await unlock();
  await unlock();
  await expect(lock(directory)).resolves.toBeDefined();
});

test.each([
  ["whose process has ended", JSON.stringify({ pid: 2 ** 22 + 1, identity: "1" })],
  ["whose process number is another process's by now", JSON.stringify({ pid: process.pid, identity: "1" })],
  ["that was written half", '{"pid":'],
])("a lock %s is taken over", async (_, left) => {
  await writeFile(join(directory, "lock"), left);
  await lock(directory);
  expect(JSON.parse(await readFile(join(directory, "lock"), "utf8"))).toMatchObject({ pid: process.pid });
});
