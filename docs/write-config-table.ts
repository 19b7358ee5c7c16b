import { readFileSync, writeFileSync } from "node:fs";
import { configTable } from "./config-table";

// Writes the table of settings into the README; `npm run docs` runs it.
const file = "README.md";
const readme = readFileSync(file, "utf8");
const [before = "", after = ""] = readme.split(/^\| Setting .*\n(?:\|.*\n)+/m);
const head = ["| Setting | Default | Meaning |", "| --- | --- | --- |"];
writeFileSync(file, `${before}${[...head, ...configTable()].join("\n")}\n${after}`);
