import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { generationOf } from "../../config/sites/generation";
import { parseExpression } from "../../local-cloud/aws/ecs/expression";
import { problemsOf } from "../support/synthesis/config-problems";
import { oneSite } from "../support/synthesis/environments";

/** The expression by which the scripts find a node, as they write it: without quotes. */
function expressionFor(node: Readonly<Record<string, string>>): string {
  const script = readFileSync("constructs/node/registrations.sh", "utf8");
  const [, filter = ""] = /--filter "(.*?)\$\{1:-\}"/.exec(script) ?? [];
  return filter.replace(/\$\{(\w+)\}/g, (_, name: string) => node[name] ?? "");
}

/** Whether the scripts find the node of this generation. */
function isFound(generation: string): boolean {
  const node = { NAME: "shop", SITE: "ams3", NODE: "node-1", GENERATION: generation };
  const attributes = Object.entries(node).map(([name, value]) => ({
    name: `anywhere.${name.toLowerCase().replace("name", "deployment")}`,
    value,
  }));
  const subject = {
    attributes,
    agentConnected: true,
    agentVersion: "1.90.0",
    runningTasksCount: 0,
    registeredAt: 0,
  };
  return parseExpression(expressionFor(node))(subject);
}

/** All ways in which digits, `e` and other letters may stand in a hash, as far as a reader of numbers tells them apart. */
const hashes = Array.from({ length: 3 ** 8 }, (_, index) =>
  index.toString(3).padStart(8, "0").replaceAll("1", "7").replaceAll("2", "e"),
).flatMap((start) => [`${start}012`, `${start}e1a`, `${start}abc`]);

test("whatever digits a generation has, the scripts find its node", () => {
  expect(hashes.filter((hash) => !isFound(`g${hash}`))).toEqual([]);
});

test("the scripts would miss some generations without a letter in front", () => {
  const missed = hashes.filter((hash) => !isFound(hash));
  expect(missed).toEqual(expect.arrayContaining(["7e777777012", "00000000012"]));
  expect(missed.length).toBeLessThan(hashes.length);
});

test("a generation is g and 11 hexadecimal digits", () => {
  const generations = Array.from({ length: 500 }, (_, replacement) =>
    generationOf({ incarnation: [], attributes: {}, replacement }),
  );
  expect(generations.filter((generation) => !/^g[0-9a-f]{11}$/.test(generation))).toEqual([]);
  expect(new Set(generations).size).toBe(500);
});

test("names in the same expressions also begin with a letter", () => {
  for (const name of ["1shop", "12e45", "-shop"]) {
    expect(problemsOf({ ...oneSite, name })).toHaveLength(1);
    expect(problemsOf({ ...oneSite, sites: { [name]: oneSite.sites.ams3 } })).toHaveLength(1);
    const nodes = { [name]: {} };
    expect(problemsOf({ ...oneSite, sites: { ams3: { ...oneSite.sites.ams3, nodes } } })).toHaveLength(1);
  }
});
