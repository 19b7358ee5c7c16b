import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "@jest/globals";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "programs-"));
  // All that there is but curl and gpg.
  for (const path of (process.env["PATH"] ?? "").split(":").reverse()) {
    for (const name of listed(path).filter((one) => !["curl", "gpg"].includes(one))) {
      rmSync(join(folder, name), { force: true });
      symlinkSync(join(path, name), join(folder, name));
    }
  }
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function listed(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Starts a local cloud with that PATH, and waits until it has ended by itself. */
async function start(): Promise<{ readonly status: unknown; readonly error: string }> {
  const args = ["local-cloud/run.js", "local-cloud/serve.ts", "--directory", join(folder, "cloud")];
  const child = spawn(process.execPath, args, { env: { ...process.env, PATH: folder }, timeout: 120_000 });
  const [error, ended] = await Promise.all([text(child.stderr), once(child, "close")]);
  const [status] = ended as [number | null];
  return { status, error };
}

test("missing programs that machines need are reported in one line, before anything is started", async () => {
  const missing =
    "not on the PATH: curl, gpg; install them (Debian and Ubuntu: apt-get install curl gnupg)\n";
  expect(await start()).toEqual({ status: 1, error: missing });
  expect(listed(join(folder, "cloud"))).toEqual([]);
});

test("a local cloud that can't start ends by itself and cleans up", async () => {
  for (const name of ["curl", "gpg"]) {
    writeFileSync(join(folder, name), "#!/bin/sh\necho broken >&2\nexit 1\n", { mode: 0o755 });
  }
  const { status, error } = await start();
  expect(status).toBe(1);
  expect(error).toMatch(/^gpg .* failed: .*broken/s);
  expect(listed(join(folder, "cloud"))).not.toContain("run");
});
