import { readFileSync, writeFileSync } from "node:fs";
import { roles, statementsOf, type Role } from "../../cli/permissions/policies";
import { reportSchemas } from "../../cli/report/schemas";
import prod from "../../config/environments/prod";
import { architecturePicture } from "./architecture";
import { configurationPage } from "./configuration";
import { stacksOf } from "./deployment";
import { environmentSchema } from "./environment-schema";
import { terminalPicture } from "./terminal";

// Writes everything in docs/ that follows from the sources; `npm run docs` runs it.
const read = (file: string): string => readFileSync(`docs/${file}`, "utf8");
const write = (file: string, text: string): void => {
  writeFileSync(`docs/${file}`, text);
};
const writeJson = (file: string, content: object): void => {
  write(file, `${JSON.stringify(content, undefined, 2)}\n`);
};

write("configuration.md", configurationPage(read("configuration.md")));
writeJson("environment.schema.json", environmentSchema());
for (const [command, schema] of reportSchemas()) {
  writeJson(`schemas/${command}.json`, schema);
}
for (const role of Object.keys(roles) as Role[]) {
  writeJson(`policies/${role}.json`, { Version: "2012-10-17", Statement: statementsOf(role) });
}
write(
  "pictures/architecture.svg",
  architecturePicture("The stacks of config/environments/prod.ts", stacksOf(prod)),
);
// A run has written the recording: `npm run demo -- --recording docs/pictures/demo.txt`.
write("pictures/demo.svg", terminalPicture("npm run demo", read("pictures/demo.txt")));
