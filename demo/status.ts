import { setTimeout as pause } from "node:timers/promises";
import type { StatusReport } from "../cli/report/schemas/status-report";
import type { Project } from "./project";

/** Seconds within which all is well after a deploy. DigitalOcean's metrics report late that a task is healthy. */
const patience = 60;

/**
 * The report of `status` as soon as it shows no problems.
 * @throws Error with its output when it still shows one after a minute
 */
export async function statusWhenWell(project: Project): Promise<StatusReport> {
  const end = Date.now() + patience * 1000;
  for (;;) {
    const { exitCode, stdout, stderr } = await project.anywhere("status", "--json");
    if (exitCode === 0) {
      return JSON.parse(stdout) as StatusReport;
    }
    if (Date.now() > end) {
      throw new Error(`status still shows problems after ${patience} s:\n${stdout}${stderr}`);
    }
    await pause(2000);
  }
}
