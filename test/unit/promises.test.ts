import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { testNames } from "../support/files/test-names";

const root = join(__dirname, "../..");

/** The rows of docs/promises.md, without those that head its tables. */
const rows = readFileSync(join(root, "docs/promises.md"), "utf8")
  .split("\n")
  .filter((line) => /^\|(?! (?:Part|Rule|Promise) +\|| ---)/.test(line));

/** A test as docs/promises.md names it: `file name`. */
const named = rows.map((row) => {
  const [, file = "", name = ""] = /\| `(\S+)` *\| (.+?) *\|$/.exec(row) ?? [];
  return { file, name: name.replaceAll("\\", "") };
});

const testsOf = (file: string) => testNames(join(root, "test", `${file}.test.ts`));
const written = ({ file, name }: (typeof named)[number]) => `${file}: ${name}`;

test("every test that docs/promises.md names exists", () => {
  const files = new Map([...new Set(named.map(({ file }) => file))].map((file) => [file, testsOf(file)]));
  expect(named.filter(({ file, name }) => files.get(file)?.includes(name) !== true).map(written)).toEqual([]);
  expect(named.length).toBeGreaterThan(100);
});

test("docs/promises.md names every life-cycle test", () => {
  const tests = readdirSync(join(root, "test/lifecycle"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".test.ts"))
    .map((path) => `lifecycle/${path.replace(/\.test\.ts$/, "")}`)
    .flatMap((file) => testsOf(file).map((name) => written({ file, name })));
  const known = new Set(named.map(written));
  expect(tests.filter((name) => !known.has(name))).toEqual([]);
});
