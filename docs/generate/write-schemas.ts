import { writeFileSync } from "node:fs";
import { reportSchemas } from "../../cli/report/schemas";

// Writes the JSON Schemas of what commands print with --json; `npm run docs` runs it.
for (const [command, schema] of reportSchemas()) {
  writeFileSync(`docs/schemas/${command}.json`, `${JSON.stringify(schema, undefined, 2)}\n`);
}
