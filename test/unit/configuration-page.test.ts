import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import Ajv2020 from "ajv/dist/2020";
import dev from "../../config/environments/dev";
import prod from "../../config/environments/prod";
import { configurationPage } from "../../docs/generate/configuration";
import { environmentSchema } from "../../docs/generate/environment-schema";
import { settings } from "../../docs/generate/settings";

const page = readFileSync("docs/configuration.md", "utf8");
/** Without the spaces and dashes by which the columns of tables stand below one another. */
const unaligned = (text: string) => text.replace(/ +\|/g, " |").replace(/-{3,}/g, "---");

test("docs/configuration.md is as `npm run docs` writes it", () => {
  expect(unaligned(configurationPage(page))).toBe(unaligned(page));
});

test("every setting says what it means, and no table has more than 15 of them", () => {
  expect(settings().filter(({ meaning }) => meaning.length < 5)).toEqual([]);
  const rows = page
    .split("\n\n")
    .map((block) => block.split("\n").filter((line) => line.startsWith("| `")).length);
  expect(Math.max(...rows)).toBeLessThanOrEqual(15);
});

test("a setting without a table is an error", () => {
  expect(() => configurationPage("<!-- settings of backend -->\n")).toThrow(
    /^no table for name, aws\.region, /,
  );
});

test("docs/environment.schema.json is as `npm run docs` writes it, and tells valid files from invalid ones", () => {
  const written = JSON.parse(readFileSync("docs/environment.schema.json", "utf8")) as object;
  expect(written).toEqual(environmentSchema());
  const valid = new Ajv2020().compile(written);
  for (const environment of [dev, prod]) {
    expect(valid({ $schema: "environment.schema.json", ...environment })).toBe(true);
  }
  expect(valid({ ...dev, servces: {} })).toBe(false);
  expect(valid({ ...dev, sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: -1 } } })).toBe(false);
});
