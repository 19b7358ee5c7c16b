import { z } from "zod";
import { checkReport } from "./check-report";
import { bootstrapStateReport } from "./bootstrap-state-report";
import { dashboardReport } from "./dashboard-report";
import { doctorReport } from "./doctor-report";
import { drainReport } from "./drain-report";
import { eventsReport } from "./events-report";
import { healReport } from "./heal-report";
import { logLine } from "./log-line";
import { orphansReport } from "./orphans-report";
import { rollReport } from "./roll-report";
import { rollbackReport } from "./rollback-report";
import { runReport } from "./run-report";
import { serversReport } from "./servers-report";
import { stacksReport } from "./stacks-report";
import { statusReport } from "./status-report";

const reports = {
  check: checkReport,
  "bootstrap-state": bootstrapStateReport,
  dashboard: dashboardReport,
  doctor: doctorReport,
  drain: drainReport,
  events: eventsReport,
  heal: healReport,
  join: serversReport,
  leave: serversReport,
  logs: logLine,
  orphans: orphansReport,
  roll: rollReport,
  rollback: rollbackReport,
  run: runReport,
  stacks: stacksReport,
  status: statusReport,
};

/** JSON Schemas of what commands print with `--json`, by command. */
export function reportSchemas(): ReadonlyMap<string, object> {
  return new Map(Object.entries(reports).map(([command, report]) => [command, z.toJSONSchema(report)]));
}
