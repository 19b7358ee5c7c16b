import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lock, unlockSync } from "proper-lockfile";
import { liveCdktfRuns } from "./cdktf-runs";
import { CheckoutProblem } from "./problem";
import { identityOf, runs, type ProcessIdentity } from "./process";
import { writeWhole } from "./whole-file";

/** Folder of this checkout's locks and records: outside the output, so that no cleaning up frees a lock. */
export const keptFolder = join(__dirname, "..", ".anywhere");

/** Variable by which a command tells its children that it holds the lock. */
export const lockVariable = "ANYWHERE_LOCK";

/** A command that wants to work on a deployment in this checkout. */
export interface Work {
  /** As its user types it, such as `deploy`. */
  readonly command: string;
  /** Name of the deployment. */
  readonly deployment: string;
  /** Whether it changes what is deployed. */
  readonly changes: boolean;
  /** For how many seconds it waits for somebody else, who may be changing something. */
  readonly patience: (holder: Pick<Holder, "changes">) => number;
  /** The run of the CDKTF CLI that it is part of. */
  readonly within?: ProcessIdentity;
}

/** The command that works on a deployment. */
interface Holder extends Pick<Work, "command" | "changes"> {
  readonly id: string;
  readonly process: ProcessIdentity;
  readonly user: string;
  /** ISO 8601. */
  readonly since: string;
}

/** A deployment that only this process may work on, until it releases it or ends. */
export interface DeploymentLock {
  /** Distinguishes this process's children from everybody else: see {@link isHeldBy}. */
  readonly id: string;
  /** Whether nobody has taken it over, as happens to a process that was stopped for a while. */
  isHeld(): boolean;
  release(): void;
}

/** Seconds without a sign of life after which a lock is free. */
const staleAfter = 10;
/** Seconds in which all that take over a dead process's lock at the same moment show up. */
const settling = 1;

/**
 * Locks a deployment for one command: meanwhile nobody else touches what it synthesises, plans and carries out. Takes
 * over the lock of a killed process.
 *
 * @param keep the checkout's {@link keptFolder}.
 * @throws {CheckoutProblem} that says who works on it, or that the folder can't be written.
 */
export async function lockDeployment(keep: string, work: Work): Promise<DeploymentLock> {
  const place = placeOf(keep, work.deployment);
  try {
    mkdirSync(place, { recursive: true });
  } catch (error) {
    throw unwritable(place, error);
  }
  const start = Date.now();
  let takingOver = false;
  let told = false;
  for (;;) {
    const taken = await take(place, work);
    const run = runOn(keep, work);
    if (taken !== undefined && run === undefined) {
      await sleep(takingOver ? settling * 1000 : 0);
      if (taken.isHeld()) {
        return taken;
      }
    }
    taken?.release();

    const holder = run ?? readHolder(place);
    const dead = holder !== undefined && runs(holder.process) === false;
    takingOver ||= dead;
    const waited = Math.floor((Date.now() - start) / 1000);
    // A dead holder's lock is free once it is stale; an unknown holder has just begun, or is about to end.
    const bound = holder === undefined || dead ? staleAfter * 3 : work.patience(holder);
    if (waited >= bound) {
      throw new CheckoutProblem(
        `${work.command} was not started${waited === 0 ? "" : `, after waiting for ${waited} s`}: ${described(work, holder)}. Wait until that command has ended.`,
      );
    }
    if (!told && holder !== undefined && !dead) {
      told = true;
      console.error(`${work.command} is waiting, for ${bound} s at most: ${described(work, holder)}.`);
    }
    await sleep(200);
  }
}

/** Whether the lock with this id is the one that is held now. */
export function isHeldBy(keep: string, deployment: string, id: string | undefined): boolean {
  return id !== undefined && readHolder(placeOf(keep, deployment))?.id === id;
}

function placeOf(keep: string, deployment: string): string {
  return join(keep, deployment);
}

function unwritable(place: string, error: unknown): CheckoutProblem {
  const { message } = error as NodeJS.ErrnoException;
  return new CheckoutProblem(
    `${place}, where commands keep their locks, can't be written (${message}): make it writable, or use a checkout that is`,
  );
}

/** The lock, unless somebody else has it. */
async function take(place: string, { command, changes }: Work): Promise<DeploymentLock | undefined> {
  let lost = false;
  const options = {
    lockfilePath: join(place, "lock"),
    stale: staleAfter * 1000,
    update: 2000,
    onCompromised: () => {
      lost = true;
    },
  };
  try {
    await lock(place, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ELOCKED") {
      return undefined;
    }
    throw unwritable(place, error);
  }
  const id = randomUUID();
  const own = identityOf(process.pid) ?? { pid: process.pid, host: "", started: "" };
  const holder: Holder = {
    command,
    changes,
    id,
    process: own,
    user: userName(),
    since: new Date().toISOString(),
  };
  writeWhole(holderFile(place), `${JSON.stringify(holder, undefined, 2)}\n`);
  const isHeld = () => !lost && readHolder(place)?.id === id;
  return {
    id,
    isHeld,
    release: () => {
      if (isHeld()) {
        rmSync(holderFile(place), { force: true });
      }
      try {
        unlockSync(place, options);
      } catch {
        // It was taken over, or has gone.
      }
    },
  };
}

/** A run of the CDKTF CLI that works on the deployment, unless this process is part of it. */
function runOn(keep: string, { deployment, within }: Work): Holder | undefined {
  const run = liveCdktfRuns(keep).find(
    (one) => one.deployment === deployment && one.process.pid !== within?.pid,
  );
  // It may only plan: nothing says what it does.
  return run === undefined ? undefined : { ...run, id: "", command: "npx cdktf", changes: false };
}

function readHolder(place: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(holderFile(place), "utf8")) as Holder;
  } catch {
    return undefined;
  }
}

function holderFile(place: string): string {
  return join(place, "holder.json");
}

function described({ deployment }: Work, holder: Holder | undefined): string {
  return holder === undefined
    ? `somebody is working on ${deployment} in this checkout`
    : `${holder.user} is working on ${deployment} in this checkout with ${holder.command} (process ${holder.process.pid} on ${holder.process.host}, since ${holder.since})`;
}

/** For people only. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a number without a name.
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}
