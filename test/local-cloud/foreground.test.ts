import { expect, test } from "@jest/globals";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

test("a local cloud in the foreground says how to use it, and at its end what it leaves", async () => {
  const directory = mkdtempSync(join(tmpdir(), "foreground-"));
  const args = ["local-cloud/run.js", "local-cloud/serve.ts", "--directory", directory];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], timeout: 120_000 });
  try {
    const output = text(child.stdout);
    const ended = once(child, "exit");
    await new Promise<void>((resolve) => {
      child.stdout.on("data", (part: Buffer) => {
        if (part.includes("ready:")) {
          resolve();
        }
      });
    });
    expect(existsSync(join(directory, "env"))).toBe(true);
    child.kill("SIGINT");
    expect(await ended).toEqual([0, null]);
    const [uses = "", farewell] = (await output).trimEnd().split("\n\n");
    expect(uses.split("\n").map((line) => line.split(": ")[0])).toEqual([
      "providers",
      "nodes",
      "HCP Terraform",
      "admin endpoint",
      "ready",
    ]);
    expect(farewell).toMatch(
      /^The embedded clouds are stopping, .*\. Remove its states, such as those in state\/, .*\.$/,
    );
    expect(existsSync(join(directory, "env"))).toBe(false);
  } finally {
    child.kill("SIGKILL");
    rmSync(directory, { recursive: true });
  }
}, 120_000);
