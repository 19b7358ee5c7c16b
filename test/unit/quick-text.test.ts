import { createRequire } from "node:module";
import { dirname } from "node:path";
import { runInThisContext } from "node:vm";
import { beforeAll, expect, test } from "@jest/globals";
import { build, type Plugin } from "esbuild";

type Stringify = (value: unknown, options: { readonly space: number }) => string;

const require = createRequire(__filename);
const cdktf = require.resolve("cdktf");
const library = createRequire(cdktf)("json-stable-stringify") as Stringify;
let bundled: Stringify;

beforeAll(async () => {
  const { outputFiles } = await build({
    stdin: { contents: 'module.exports = require("json-stable-stringify")', resolveDir: dirname(cdktf) },
    bundle: true,
    write: false,
    format: "iife",
    globalName: "bundled",
    plugins: require("../../bundle/cdktf") as Plugin[],
  });
  bundled = runInThisContext(`${outputFiles[0]?.text ?? ""}; bundled`) as Stringify;
});

test.each([
  ["names in any order, at any depth", { b: "1", a: { d: "2", c: [{ f: "3", e: "4" }] } }],
  ["names in order", { nodes: { one: { a: "1", b: "2" }, two: { a: "3" } } }],
  ["names of digits", { b: { 10: "x", 9: "y", a: "z", "01": { 2: "v" } }, a: { 1: "w" } }],
  [
    "objects and lists without anything",
    { list: [], object: {}, both: [{}, [], { inner: {} }], plain: [["x"]] },
  ],
  ["fields without a value", { gone: undefined, all: { a: undefined }, list: [undefined, null, "x"] }],
  ["values of every kind", { number: 1.5, no: false, nothing: null, text: 'a\n"ü"\\n\u2028' }],
  ["values that give another", { moment: new Date(0), object: { toJSON: () => ({ b: "1", a: {} }) } }],
])("bundles write the same text for %s", (_, value) => {
  expect(bundled(value, { space: 2 })).toBe(library(value, { space: 2 }));
});
