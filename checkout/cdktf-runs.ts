import { mkdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { lock } from "proper-lockfile";
import { CheckoutProblem } from "./problem";
import { runs, type ProcessIdentity } from "./process";
import { writeWhole } from "./whole-file";

/**
 * A run of the CDKTF CLI. It reads the manifest once main.ts has ended, and then works in the folders that it names:
 * until it ends nobody else may direct it elsewhere, or change the contents of those folders.
 */
export interface CdktfRun {
  readonly process: ProcessIdentity;
  readonly deployment: string;
  /** Name of the environment. */
  readonly environment: string;
  /** Folder of the manifest. */
  readonly root: string;
  readonly user: string;
  /** ISO 8601. */
  readonly since: string;
}

/** The runs that haven't ended, as far as that is known: those of other machines are left out. */
export function liveCdktfRuns(keep: string): readonly CdktfRun[] {
  try {
    const known = JSON.parse(readFileSync(fileOf(keep), "utf8")) as readonly CdktfRun[];
    return known.filter((run) => runs(run.process) === true);
  } catch {
    return [];
  }
}

/**
 * Records a run, replacing an earlier record of the same process, and lets `act` write the files that it will read.
 *
 * @throws {CheckoutProblem} when another one works on another environment in the same folder.
 */
export async function enterCdktfRun(keep: string, run: CdktfRun, act: () => void): Promise<void> {
  mkdirSync(keep, { recursive: true });
  const release = await lock(keep, {
    lockfilePath: join(keep, "cdktf.lock"),
    retries: { retries: 50, minTimeout: 100, maxTimeout: 500 },
  });
  try {
    const others = liveCdktfRuns(keep).filter(({ process: { pid } }) => pid !== run.process.pid);
    const other = others.find(
      ({ root, environment }) => root === run.root && environment !== run.environment,
    );
    if (other !== undefined) {
      throw new CheckoutProblem(
        `npx cdktf is already working on environment ${other.environment} in ${relative(process.cwd(), run.root)} ` +
          `(process ${other.process.pid} of ${other.user}, since ${other.since}), and reads its stacks from there: ` +
          `wait until it has ended, or give this run its own folder, such as --output cdktf.${run.environment}.`,
      );
    }
    writeWhole(fileOf(keep), JSON.stringify([...others, run], undefined, 2));
    act();
  } finally {
    await release();
  }
}

function fileOf(keep: string): string {
  return join(keep, "cdktf.json");
}
