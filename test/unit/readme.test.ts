import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { configTable } from "../../docs/config-table";

const readme = readFileSync("README.md", "utf8");

test("the configuration table of the README is the schema's", () => {
  const rows = (readme.split("\n## Configuration\n")[1] ?? "")
    .split("\n## ")[0]
    ?.split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.replace(/\s*\|\s*/g, " | ").trim());
  expect(rows).toEqual(configTable().map((line) => line.replace(/\s*\|\s*/g, " | ").trim()));
});

test("every command that the README names is a script of package.json", () => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
  const named = [...readme.matchAll(/npm run ([\w-]+)/g)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(5);
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
});
