import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { settings } from "../support/scripts/nodes";
import { startScript } from "../support/scripts/run";

/** Of cluster reads, per account and region. Source: Amazon ECS API Reference, "Request throttling". */
const allowed = { burst: 100, perSecond: 20 };
const nodes = 50;

/** Times, in seconds, at which the gates of nodes that never connect read ECS until so many seconds are over. */
async function readsWithin(seconds: number): Promise<number[]> {
  const directory = mkdtempSync(join(tmpdir(), "gates-"));
  const calls = join(directory, "calls");
  const waitsAsUsual = Object.fromEntries(
    Object.entries(settings()).filter(([name]) => name !== "POLL_SECONDS"),
  );
  // Each script is ended with this process.
  process.setMaxListeners(process.getMaxListeners() + nodes);
  // Each has a clock of its own, which only its waits put forward: however busy this computer is, all begin together.
  const gates = Array.from({ length: nodes }, (_, index) => {
    const clock = join(directory, `clock-${index + 1}`);
    writeFileSync(clock, "0");
    return startScript("constructs/node/await.sh", {
      PATH: `${join(__dirname, "../support/scripts/never-connected")}:${process.env["PATH"] ?? ""}`,
      TMPDIR: directory,
      CALLS: calls,
      CLOCK: clock,
      UNTIL: String(seconds * 1000),
      ...waitsAsUsual,
      NODE: `node-${index + 1}`,
    });
  });
  await Promise.all(gates.map(({ ended }) => ended));
  const reads = readFileSync(calls, "utf8")
    .trimEnd()
    .split("\n")
    .filter((call) => call.endsWith(" ecs"));
  rmSync(directory, { recursive: true });
  return reads.map((call) => parseInt(call) / 1000).sort((a, b) => a - b);
}

/** The most reads that any second holds. */
function busiestSecond(times: readonly number[]): number {
  return Math.max(...times.map((begin) => times.filter((time) => time >= begin && time < begin + 1).length));
}

test("fifty gates that begin together stay within ECS's burst at first, and then well below its rate", async () => {
  const reads = await readsWithin(60);
  // A first look lists and describes.
  const first = reads.slice(0, 2 * nodes);
  const later = reads.slice(2 * nodes);
  expect(first).toHaveLength(allowed.burst);
  expect((later[0] ?? 0) - (first.at(-1) ?? 0)).toBeGreaterThan(1);
  expect(later.length).toBeGreaterThanOrEqual(nodes);
  expect(busiestSecond(later)).toBeLessThan(allowed.perSecond);
}, 60_000);
