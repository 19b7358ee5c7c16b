import { expect, test } from "@jest/globals";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Health } from "../../local-cloud/machines";
import { watchHealth } from "../../local-cloud/nodes/inside/containers/health-check";
import { succeeds } from "../../local-cloud/nodes/inside/containers/process-group";

const probe = (words: readonly string[], timeout: number): Promise<boolean> =>
  succeeds(words, { cwd: tmpdir(), env: { PATH: "/usr/bin:/bin" } }, timeout);
const quick = { interval: 0.03, timeout: 1, retries: 2, startPeriod: 0 };

/** A check's result after some seconds. */
async function found(check: Parameters<typeof watchHealth>[0], seconds: number): Promise<readonly Health[]> {
  const changes: Health[] = [];
  const stop = watchHealth(check, probe, (health) => changes.push(health));
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  stop();
  return changes;
}

test("a command that succeeds makes a container healthy at once", async () => {
  expect((await found({ ...quick, command: ["CMD", "true"] }, 0.3))[0]).toBe("HEALTHY");
});

test("a container is unhealthy after as many failures in a row as there are retries, and not before", async () => {
  const folder = mkdtempSync(join(tmpdir(), "health-"));
  const runs = join(folder, "runs");
  const command = ["CMD-SHELL", `echo >>${runs}; exit 1`];
  const changes: number[] = [];
  const stop = watchHealth({ ...quick, retries: 3, command }, probe, (health) => {
    expect(health).toBe("UNHEALTHY");
    changes.push(readFileSync(runs, "utf8").length);
  });
  while (changes.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  stop();
  rmSync(folder, { recursive: true });
  expect(changes[0]).toBe(3);
});

test("failures inside the start period don't count", async () => {
  expect(await found({ ...quick, startPeriod: 60, command: ["CMD", "false"] }, 0.3)).toEqual([]);
});

test("a success inside the start period ends it: later failures count", async () => {
  const folder = mkdtempSync(join(tmpdir(), "health-"));
  const mark = join(folder, "mark");
  writeFileSync(mark, "");
  const command = ["CMD-SHELL", `test -e ${mark} && rm ${mark}`];
  const changes = await found({ ...quick, startPeriod: 60, command }, 0.6);
  expect(existsSync(mark)).toBe(false);
  rmSync(folder, { recursive: true });
  expect(changes[0]).toBe("HEALTHY");
  expect(changes.at(-1)).toBe("UNHEALTHY");
});

test("a command that takes too long fails, and so does one that doesn't exist", async () => {
  const slow = { ...quick, timeout: 0.05, retries: 1, command: ["CMD", "sleep", "60"] };
  expect((await found(slow, 0.4))[0]).toBe("UNHEALTHY");
  expect((await found({ ...quick, retries: 1, command: ["CMD", "no-such-program"] }, 0.3))[0]).toBe(
    "UNHEALTHY",
  );
});

test("a health check of another form is refused", () => {
  expect(() => watchHealth({ ...quick, command: ["NONE"] }, probe, () => undefined)).toThrow(
    'must be ["CMD", program, …] or ["CMD-SHELL", line] (got NONE)',
  );
});
