import { setTimeout as pause } from "node:timers/promises";
import type { StatusReport } from "../cli/report/schemas/status-report";
import type { Project } from "./project";

/** Seconds within which all is well after a deploy. DigitalOcean's metrics tell late that a task is healthy. */
const patience = 60;

/**
 * What `status` tells as soon as it has no problem to tell.
 * @throws Error with what it tells when it still has one after a minute
 */
export async function statusWhenWell(project: Project): Promise<StatusReport> {
  const end = Date.now() + patience * 1000;
  for (;;) {
    const { exitCode, stdout, stderr } = await project.anywhere("status", "--json");
    if (exitCode === 0) {
      return JSON.parse(stdout) as StatusReport;
    }
    if (Date.now() > end) {
      throw new Error(`All must be well after ${patience} s, and status tells:\n${stdout}${stderr}`);
    }
    await pause(2000);
  }
}
