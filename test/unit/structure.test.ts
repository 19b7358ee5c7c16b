import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "@jest/globals";
import ts from "typescript";

const product = ["config", "stacks", "constructs", "cli", "checkout"];
/** Files by the API's publisher. */
const notOurs = ["local-cloud/schemas", "node_modules"];

/** Paths of the files in a folder and below it. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (notOurs.some((left) => path.endsWith(left))) {
      return [];
    }
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

const sources = [...product, "local-cloud"].flatMap(filesBelow);

/** The folders that hold more than 15 of these files. */
const fullFolders = (files: readonly string[]): string[] =>
  [...new Set(files.map(dirname))].filter(
    (folder) => files.filter((file) => dirname(file) === folder).length > 15,
  );

const longFiles = (files: readonly string[]): string[] =>
  files.filter((file) => readFileSync(file, "utf8").split("\n").length - 1 > 300);

test("no folder of the product or the local cloud holds more than 15 files, and no source file more than 300 lines", () => {
  expect(sources.length).toBeGreaterThan(200);
  expect(fullFolders(sources)).toEqual([]);
  expect(longFiles(sources)).toEqual([]);
});

test("no folder of shared test code holds more than 15 files, and no test file more than 300 lines", () => {
  const tests = filesBelow("test").filter((file) => file.endsWith(".ts"));
  expect(tests.length).toBeGreaterThan(150);
  expect(fullFolders(filesBelow("test/support"))).toEqual([]);
  expect(longFiles(tests)).toEqual([]);
});

/** A file's imports within the project, types included. */
function importsOf(file: string): string[] {
  return ts
    .preProcessFile(readFileSync(file, "utf8"))
    .importedFiles.filter(({ fileName }) => fileName.startsWith("."))
    .map(({ fileName }) => join(dirname(file), fileName))
    .flatMap((path) =>
      path.endsWith(".ts") ? [path] : [`${path}.ts`, join(path, "index.ts")].filter(existsSync),
    );
}

/** A circle that can be reached from one of these files, as the way along it. */
function circleFrom(
  files: Iterable<string>,
  imports: ReadonlyMap<string, readonly string[]>,
  way: readonly string[] = [],
  free = new Set<string>(),
): readonly string[] | undefined {
  for (const file of files) {
    const circle = way.includes(file)
      ? [...way.slice(way.indexOf(file)), file]
      : free.has(file)
        ? undefined
        : circleFrom(imports.get(file) ?? [], imports, [...way, file], free);
    if (circle !== undefined) {
      return circle;
    }
    free.add(file);
  }
  return undefined;
}

// ESLint's rule lets circles of types pass, which make files as hard to understand apart from each other.
test("no files import each other in a circle, even for types alone", () => {
  const files = [...sources, ...["demo", "test"].flatMap(filesBelow), "main.ts"].filter((file) =>
    file.endsWith(".ts"),
  );
  const imports = new Map(files.map((file) => [file, importsOf(file)]));
  expect([...imports.values()].flat().length).toBeGreaterThan(files.length);
  expect(circleFrom(files, imports)).toBeUndefined();
});
