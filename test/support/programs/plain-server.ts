import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The image of {@link createPlainServer}. */
export const plainServer = "localhost/anywhere/plain:v1";

/**
 * An image that knows nothing of roll-outs: it starts as root, writes into its root file system, changes its user, has no
 * health path and no health check of its own, and ends at once when it is told to stop.
 */
export function createPlainServer(): { readonly args: readonly string[]; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "plain-server-"));
  writeFileSync(
    join(folder, "Dockerfile"),
    'FROM node:22\nWORKDIR /srv\nCOPY server.js ./\nCMD ["node", "server.js"]\n',
  );
  writeFileSync(
    join(folder, "server.js"),
    `"use strict";
require("node:fs").writeFileSync("/started", "by root");
require("node:http")
  .createServer((request, response) => {
    const { "x-forwarded-for": client } = request.headers;
    response.end(JSON.stringify({ version: process.env.VERSION, user: process.getuid(), client }));
  })
  .listen(80, () => {
    process.setgid(65534);
    process.setuid(65534);
  });
`,
  );
  return {
    args: ["--image", `${plainServer}=${folder}`],
    remove: () => {
      rmSync(folder, { recursive: true });
    },
  };
}
