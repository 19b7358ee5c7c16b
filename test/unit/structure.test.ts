import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "@jest/globals";
import ts from "typescript";

const product = ["config", "stacks", "constructs", "cli", "checkout"];
/** What the API's publisher wrote. */
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

/** Carried to a server and run there, it has to be one file. */
const carried = "constructs/node/bootstrap.sh";

const sources = [...product, "local-cloud"].flatMap(filesBelow);

test("no folder of the product or the local cloud holds more than 15 files, and no source file more than 300 lines", () => {
  const folders = [...new Set(sources.map(dirname))].map((folder) => [
    folder,
    sources.filter((file) => dirname(file) === folder).length,
  ]);
  const lines = sources
    .filter((file) => file !== carried)
    .map((file) => [file, readFileSync(file, "utf8").split("\n").length - 1]);
  expect(sources.length).toBeGreaterThan(200);
  expect(folders.filter(([, files = 0]) => Number(files) > 15)).toEqual([]);
  expect(lines.filter(([, count = 0]) => Number(count) > 300)).toEqual([]);
});

/** What a file imports of the project, types included. */
function importsOf(file: string): string[] {
  return ts
    .preProcessFile(readFileSync(file, "utf8"))
    .importedFiles.filter(({ fileName }) => fileName.startsWith("."))
    .map(({ fileName }) => join(dirname(file), fileName))
    .flatMap((path) => [`${path}.ts`, join(path, "index.ts")].filter(existsSync));
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
