import { spawn } from "node:child_process";
import { expect, test } from "@jest/globals";
import { watchNodes } from "../../demo/watch/watch";
import { adminClient } from "../../local-cloud/admin/admin-client";

/** Watches by a script of this text, and ends at once. Returns the names of the nodes of each look. */
async function namesSeenBy(script: string): Promise<string[][]> {
  const seen: string[][] = [];
  const project = {
    startScript: () => spawn(process.execPath, ["-e", script], { stdio: ["pipe", "pipe", "ignore"] }),
  };
  const watch = watchNodes(
    project,
    { name: "demo", sites: {} },
    adminClient("http://127.0.0.1:1"),
    (nodes) => {
      seen.push(nodes.map(({ node }) => node));
    },
  );
  await watch.end();
  return seen;
}

const look = `console.log(JSON.stringify([{ node: "node-1", machine: null }]))`;

test("a watch ends with a look at what has changed last", async () => {
  expect(await namesSeenBy(`process.stdin.once("end", () => ${look}).resume()`)).toEqual([["node-1"]]);
});

test("a watch whose looks have ended ends, too", async () => {
  expect(await namesSeenBy("process.exit(1)")).toEqual([]);
});

test("a last look that takes too long is given up, with the half line that it has printed", async () => {
  expect(
    await namesSeenBy(`${look}; process.stdout.write("[{"); setInterval(() => undefined, 1000)`),
  ).toEqual([["node-1"]]);
});
