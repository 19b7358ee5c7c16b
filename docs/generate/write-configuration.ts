import { readFileSync, writeFileSync } from "node:fs";
import { configurationPage } from "./configuration";
import { environmentSchema } from "./environment-schema";

// Writes the tables of settings, and their schema for editors; `npm run docs` runs it.
const file = "docs/configuration.md";
writeFileSync(file, configurationPage(readFileSync(file, "utf8")));
writeFileSync("docs/environment.schema.json", `${JSON.stringify(environmentSchema(), undefined, 2)}\n`);
