import { writeFileSync } from "node:fs";
import { roles, statementsOf, type Role } from "../../cli/permissions/policies";

// Writes the IAM policies of those who work with a deployment; `npm run docs` runs it.
for (const role of Object.keys(roles) as Role[]) {
  const document = { Version: "2012-10-17", Statement: statementsOf(role) };
  writeFileSync(`docs/policies/${role}.json`, `${JSON.stringify(document, undefined, 2)}\n`);
}
