import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { edited, type Edit } from "../files/exact-edit";

/** The changes of a version of the sample service to its files. */
type Changes = Readonly<Partial<Record<"server.js" | "healthcheck", readonly Edit[]>>>;

const notNow = { from: "#!/bin/sh\n", to: "#!/bin/sh\nexit 1\n" };
const complain = {
  from: `"use strict";\n`,
  to: `"use strict";\n\nthrow new Error("DATABASE_URL is not set");\n`,
};

const changes = {
  good: {},
  better: {},
  /** Ends as soon as it is started, and says why. */
  crashing: { "server.js": [complain] },
  /** Serves, but never says that it is healthy. */
  silent: { healthcheck: [notNow] },
  /** Takes over before the load balancer sends it anything, and goes without letting the load balancer know. */
  hasty: {
    "server.js": [
      { from: "listeningSince + readyAfterSeconds - process.uptime()", to: "0" },
      { from: "lameDuckSeconds * 1000", to: "0" },
    ],
  },
} satisfies Record<string, Changes>;

export type Version = keyof typeof changes;

/** The image of a version. */
export function imageOf(version: Version): string {
  return `localhost/anywhere/app:${version}`;
}

/** The sample service in several versions, each of which names itself on its page. */
export interface AppVersions {
  /** The local cloud's arguments that make images of them. */
  readonly args: readonly string[];
  remove(): void;
}

/** Copies the sample service, and changes each copy. */
export function createAppVersions(): AppVersions {
  const directory = mkdtempSync(join(tmpdir(), "app-versions-"));
  const args = Object.entries<Changes>(changes).flatMap(([version, files]) => {
    const folder = join(directory, version);
    cpSync("app", folder, { recursive: true });
    const naming = {
      from: "answer(response, status, body, headers);",
      to: `answer(response, status, { ...body, version: process.env.VERSION ?? "${version}" }, headers);`,
    };
    edit(join(folder, "server.js"), [naming, ...(files["server.js"] ?? [])]);
    edit(join(folder, "healthcheck"), files.healthcheck ?? []);
    return ["--image", `${imageOf(version as Version)}=${folder}`];
  });
  return {
    args,
    remove: () => {
      rmSync(directory, { recursive: true });
    },
  };
}

function edit(path: string, edits: readonly Edit[]): void {
  writeFileSync(path, edited(readFileSync(path, "utf8"), edits));
}
