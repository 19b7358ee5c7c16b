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
  /** Seconds between two looks; a single look by default. */
  readonly watch?: number;
}

/**
 * Shows the parts of a running deployment, or those with these names. Queries only the clouds: it reads no state and
 * takes no lock, so a deploy may be in progress.
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
    // One line per look, for programs that read a stream.
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
