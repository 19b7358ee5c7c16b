import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../../config/schema";
import { run, type Command, type Ended } from "../../../demo/command";
import { shortWaits, type LifeCycle } from "./life-cycle";
import { credentialsFor } from "../permissions/roles";
import { environmentOf } from "./sample-environment";

/** Our commands at work on a deployment that a life cycle has made, on the same states. */
export interface Operator {
  /** Where the deployment has all that is its own, such as the folder `state`. */
  readonly folder: string;
  /** Lets the commands that follow see these sites. */
  configure(sites: Environment["sites"]): void;
  /** A command that runs until it is ended. */
  command(...args: readonly string[]): Command;
  anywhere(...args: readonly string[]): Promise<Ended>;
}

/** @param waits of scripts, in place of the usual ones */
export function operatorOf(
  life: LifeCycle,
  environment: Partial<Environment>,
  waits: NodeJS.ProcessEnv = {},
): Operator {
  const folder = join(life.folderOf("."), "..", "..");
  const file = join(folder, `${life.deployment}.json`);
  const backend = { kind: "local", folder: join(folder, "state") } as const;
  const command: Operator["command"] = (...args) => ({
    program: process.execPath,
    args: ["cli/anywhere.js", ...args],
    folder: process.cwd(),
    variables: {
      ...life.cloud.variables,
      ...shortWaits,
      ...waits,
      ...credentialsFor(args),
      ANYWHERE_ENV: file,
      CDKTF_OUTDIR: join(folder, "anywhere.out"),
    },
    log: undefined,
    seconds: 480,
  });
  return {
    folder,
    configure: (sites) => {
      writeFileSync(file, JSON.stringify(environmentOf(sites, { backend, ...environment })));
    },
    command,
    anywhere: (...args) => run(command(...args)),
  };
}
