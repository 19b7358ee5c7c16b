import { z } from "zod";
import { drainReport } from "./drain-report";
import { eventsReport } from "./events-report";
import { healReport } from "./heal-report";
import { logLine } from "./log-line";
import { statusReport } from "./status-report";

const reports = {
  drain: drainReport,
  events: eventsReport,
  heal: healReport,
  logs: logLine,
  status: statusReport,
};

/** JSON Schemas of what commands print with `--json`, by command. */
export function reportSchemas(): ReadonlyMap<string, object> {
  return new Map(Object.entries(reports).map(([command, report]) => [command, z.toJSONSchema(report)]));
}
