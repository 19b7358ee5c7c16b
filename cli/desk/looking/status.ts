import { clearScreenDown, cursorTo } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { announceEnvironment } from "../../commands/deployment";
import { gatherFleet } from "../../fleet/gather";
import { problemsOf } from "../../fleet/problems";
import { selectFleet } from "../../fleet/select";
import { hasReader, screenOf } from "../../report/screen";
import type { StatusReport } from "../../report/schemas/status-report";
import { statusText } from "../../report/status-text";
import { exitCodes } from "../exit-codes";

export interface StatusOptions {
  readonly json?: boolean;
  /** Seconds between two looks; once when left out. */
  readonly watch?: number;
}

/**
 * Shows what a deployment consists of while it runs, or the part of it with these names. Asks the clouds alone: no state
 * is read, nobody is kept waiting, and a deploy may be under way.
 *
 * @throws {Refusal} when there is no such deployment, or a name is unknown.
 */
export async function status(names: readonly string[], options: StatusOptions): Promise<number> {
  const { config } = announceEnvironment(process.env);
  const isRead = hasReader(process.stdout);
  for (;;) {
    const fleet = selectFleet(await gatherFleet(config, process.env), names);
    const report = { ...fleet, problems: problemsOf(fleet) };
    show(report, options);
    if (options.watch === undefined || !isRead()) {
      return exitCodeOf(report);
    }
    await pause(options.watch * 1000);
  }
}

function exitCodeOf({ unanswered, problems }: StatusReport): number {
  return unanswered.length > 0 ? exitCodes.failed : problems.length > 0 ? exitCodes.problems : exitCodes.fine;
}

function show(report: StatusReport, { json = false, watch }: StatusOptions): void {
  const { stdout } = process;
  if (json) {
    // One line each, for programs that read them as they come.
    stdout.write(`${JSON.stringify(report, undefined, watch === undefined ? 2 : 0)}\n`);
    return;
  }
  if (watch !== undefined && stdout.isTTY) {
    cursorTo(stdout, 0, 0);
    clearScreenDown(stdout);
  }
  const { problems, ...fleet } = report;
  stdout.write(`${statusText(fleet, problems, screenOf(stdout, process.env))}\n`);
}
