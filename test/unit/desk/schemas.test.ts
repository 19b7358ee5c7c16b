import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { reportSchemas } from "../../../cli/report/schemas";

test("docs/schemas holds exactly the schemas of the commands that print JSON", () => {
  const written = readdirSync("docs/schemas").map((file) => [
    file.replace(/\.json$/, ""),
    JSON.parse(readFileSync(`docs/schemas/${file}`, "utf8")) as object,
  ]);
  expect(Object.fromEntries(written)).toEqual(Object.fromEntries(reportSchemas()));
});
