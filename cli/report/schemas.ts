import { z } from "zod";
import { statusReport } from "./status-report";

const reports = { status: statusReport };

/** JSON Schemas of what commands print with `--json`, by command. */
export function reportSchemas(): ReadonlyMap<string, object> {
  return new Map(Object.entries(reports).map(([command, report]) => [command, z.toJSONSchema(report)]));
}
