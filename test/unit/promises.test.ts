import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { testNames } from "../support/files/test-names";

const root = join(__dirname, "../..");

/** A test as docs/promises.md names it: `file name`. */
const named = [
  ...readFileSync(join(root, "docs/promises.md"), "utf8").matchAll(/\| `(\S+)` *\| (.+?) *\|$/gm),
].map(([, file = "", name = ""]) => ({ file, name: name.replaceAll("\\", "") }));

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
