import { setTimeout as pause } from "node:timers/promises";
import { nameOf } from "../state/access";
import type { Account, Workspace } from "../state/account";
import type { JsonObject } from "../../world";
import { redactedPlan } from "./redacted-plan";
import type { Phase, Run } from "./run";
import { holdsWorkspace, isAtWork, isConfirmable, takesPlace } from "./run";
import { Canceled, removeFiles, startWorker, unpack, type Worker, type WorkerOptions } from "./worker";

/** Starts runs when their turn comes, and applies confirmed ones. */
export interface Executor {
  readonly runs: Map<string, Run>;
  /** Starts the runs that can start now. */
  readonly advance: () => void;
  /** Applies a plan. */
  readonly confirm: (run: Run) => void;
  /** Discards a plan. */
  readonly discard: (run: Run) => void;
  readonly cancel: (run: Run) => void;
  /** The plan of a run without its secrets; undefined once its files are gone. */
  readonly redact: (run: Run) => Promise<JsonObject | undefined>;
  /** Ends everything. */
  close(): Promise<void>;
}

/** Milliseconds between two looks at runs that wait for a workspace. */
const tick = 200;
/**
 * How long an apply that needs no confirmation waits for its worker, as HCP Terraform's do: Terraform doesn't show the
 * log of one that failed before it has read the plan's to the end.
 */
const workerMilliseconds = 3000;

export function createExecutor(account: Account, options: WorkerOptions): Executor {
  const runs = new Map<string, Run>();
  const working = new Set<Promise<void>>();
  const begin = (work: Promise<void>): void => {
    const ended = work.finally(() => working.delete(ended));
    working.add(ended);
  };
  const of = (workspace: Workspace): Run[] => [...runs.values()].filter((run) => run.workspace === workspace);
  const release = (run: Run): void => {
    const { workspace } = run;
    if (workspace.lock?.by.kind === "run" && workspace.lock.by.run === run.id) {
      workspace.lock = undefined;
    }
  };
  const hold = ({ id, workspace }: Run): void => {
    const by = { kind: "run", run: id, workspace: workspace.id } as const;
    workspace.lock = { by, reason: nameOf(by) };
  };
  const apply = async (run: Run): Promise<void> => {
    hold(run);
    run.status = "applying";
    await inPhase(account, options, run, "apply", async (worker, phase) => {
      const { exitCode } = await worker.terraform([...applying, "tfplan"], phase.log);
      run.status = exitCode === 0 ? "applied" : "errored";
      return exitCode === 0;
    });
    // Earlier plans are void now.
    of(run.workspace)
      .filter(({ id, status }) => id !== run.id && status === "planned_and_saved")
      .forEach((stale) => {
        stale.status = "discarded";
        removeFiles(options, stale);
      });
    release(run);
  };
  const plan = async (run: Run): Promise<void> => {
    await inPhase(account, options, run, "plan", async (worker, phase) => planIn(worker, phase, run));
    if (run.status === "planned" && run.options.autoApply) {
      run.status = "apply_queued";
      await pause(workerMilliseconds);
      await apply(run);
    } else if (!holdsWorkspace(run)) {
      release(run);
    }
  };
  const start = (run: Run): void => {
    run.status = "planning";
    begin(plan(run));
  };
  const advance = (): void => {
    for (const run of runs.values()) {
      const { workspace, status, options: wanted } = run;
      if (status === "confirmed" && workspace.lock === undefined) {
        begin(apply(run));
      } else if (status === "pending" && wanted.planOnly) {
        start(run);
      } else if (status === "pending" && of(workspace).find(takesPlace) === run) {
        // It is the current one as soon as no other run precedes it, although somebody may have locked the workspace.
        workspace.currentRun = run.id;
        if (workspace.lock === undefined) {
          hold(run);
          start(run);
        }
      }
    }
  };
  const timer = setInterval(advance, tick);
  return {
    runs,
    advance,
    confirm: (run) => {
      // The run of a plan that wasn't saved has the lock.
      if (run.status === "planned") {
        begin(apply(run));
      } else {
        run.status = "confirmed";
        advance();
      }
    },
    discard: (run) => {
      run.status = "discarded";
      removeFiles(options, run);
      release(run);
    },
    cancel: (run) => {
      run.isCanceled = true;
      if (isAtWork(run)) {
        run.interrupt?.();
      } else {
        run.status = "canceled";
        release(run);
      }
    },
    redact: async (run) => {
      if (run.planJson === undefined || !isConfirmable(run)) {
        return undefined;
      }
      const worker = await startWorker(account, options, run, "plan");
      try {
        const { exitCode, stdout, stderr } = await worker.terraform(["providers", "schema", "-json"]);
        if (exitCode !== 0) {
          throw new Error(`terraform providers schema failed:\n${stderr}`);
        }
        return redactedPlan(run.planJson.toString("utf8"), stdout.toString("utf8"));
      } finally {
        await worker.close();
      }
    },
    close: async () => {
      clearInterval(timer);
      runs.forEach(({ interrupt }) => interrupt?.());
      await Promise.allSettled(working);
    },
  };
}

/** The run has the workspace's lock, so that Terraform needs none. */
const planning = ["plan", "-input=false", "-no-color", "-lock=false", "-detailed-exitcode", "-out=tfplan"];
const applying = ["apply", "-input=false", "-no-color", "-lock=false"];

async function planIn(worker: Worker, { log }: Phase, run: Run): Promise<boolean> {
  const { isDestroy, refresh, refreshOnly, planOnly, savePlan, targets, replace } = run.options;
  const { exitCode } = await worker.terraform(
    [
      ...planning,
      ...(isDestroy ? ["-destroy"] : []),
      ...(refresh ? [] : ["-refresh=false"]),
      ...(refreshOnly ? ["-refresh-only"] : []),
      ...targets.map((address) => `-target=${address}`),
      ...replace.map((address) => `-replace=${address}`),
    ],
    log,
  );
  if (exitCode !== 0 && exitCode !== 2) {
    run.status = "errored";
    return false;
  }
  const shown = await worker.terraform(["show", "-json", "tfplan"]);
  if (shown.exitCode !== 0) {
    throw new Error(`terraform show failed:\n${shown.stderr}`);
  }
  run.planJson = shown.stdout;
  run.hasChanges = exitCode === 2;
  run.status =
    planOnly || !run.hasChanges ? "planned_and_finished" : savePlan ? "planned_and_saved" : "planned";
  return true;
}

/** Does one phase's work on its own computer, and logs its beginning and its failure. */
async function inPhase(
  account: Account,
  options: WorkerOptions,
  run: Run,
  name: "plan" | "apply",
  work: (worker: Worker, phase: Phase) => Promise<boolean>,
): Promise<void> {
  const phase = run[name];
  const { log } = phase;
  phase.status = "running";
  // Terraform leaves these three lines of an apply out when it shows its log.
  log.write(`Terraform v${account.terraformVersion}\non linux_amd64\nInitializing plugins and modules...\n`);
  let worker: Worker | undefined;
  try {
    if (name === "plan") {
      await unpack(options, run);
    }
    worker = await startWorker(account, options, run, name);
    const initialised = await worker.terraform(["init", "-input=false", "-no-color"]);
    if (initialised.exitCode !== 0) {
      throw new Error(`terraform init failed:\n${initialised.stdout.toString("utf8")}${initialised.stderr}`);
    }
    phase.status = (await work(worker, phase)) ? "finished" : "errored";
  } catch (error) {
    log.write(`\nError: ${error instanceof Error ? error.message : String(error)}\n`);
    phase.status = error instanceof Canceled ? "canceled" : "errored";
    run.status = phase.status;
  } finally {
    await worker?.close();
    log.end();
    if (!isConfirmable(run)) {
      removeFiles(options, run);
    }
  }
}
