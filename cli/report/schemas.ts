import { z } from "zod";
import { checkReport } from "./schemas/check-report";
import { bootstrapStateReport } from "./schemas/bootstrap-state-report";
import { dashboardReport } from "./schemas/dashboard-report";
import { doctorReport } from "./schemas/doctor-report";
import { drainReport } from "./schemas/drain-report";
import { eventsReport } from "./schemas/events-report";
import { healReport } from "./schemas/heal-report";
import { logLine } from "./schemas/log-line";
import { orphansReport } from "./schemas/orphans-report";
import { rollReport } from "./schemas/roll-report";
import { rollbackReport } from "./schemas/rollback-report";
import { runReport } from "./schemas/run-report";
import { serversReport } from "./schemas/servers-report";
import { stacksReport } from "./schemas/stacks-report";
import { statusReport } from "./schemas/status-report";

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

/** JSON Schemas of the commands' output with `--json`, by command. */
export function reportSchemas(): ReadonlyMap<string, object> {
  return new Map(Object.entries(reports).map(([command, report]) => [command, z.toJSONSchema(report)]));
}
