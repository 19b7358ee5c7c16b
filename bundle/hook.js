"use strict";

// Makes `require` load TypeScript: each requested file comes from one bundle with everything that it imports.

const { spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const Module = require("node:module");
const path = require("node:path");
const { evaluate } = require("./evaluate");
const { markOf } = require("./mark");

// Each checkout has its own, though several may share node_modules by a link. No deployment's name begins with a dot.
const cache = path.join(__dirname, "../.anywhere/.bundles");

Module._extensions[".ts"] = (module, file) => {
  const bundle = bundleOf(file);
  const mark = createHash("sha256").update(inputsOf(bundle)).digest("hex");
  try {
    evaluate(module, { file, bundle, mark }, { place: `${placeOf(file)}.code`, keep });
  } catch (error) {
    tellSources(error);
    throw error;
  }
};

// Line numbers of a bundle mean nothing to users.
process.on("uncaughtExceptionMonitor", tellSources);

/** Where a file's bundle and, with the ending `.map`, its source map are kept. */
function placeOf(file) {
  return path.join(cache, `${createHash("sha256").update(file).digest("hex").slice(0, 16)}.js`);
}

/** The bundle of a file, built anew when one of its sources, or what is installed, has changed since. */
function bundleOf(file) {
  return keptBundle(placeOf(file)) ?? newBundle(file);
}

function keptBundle(place) {
  try {
    const bundle = readFileSync(place, "utf8");
    const inputs = JSON.parse(inputsOf(bundle));
    return inputs.every(([input, mark]) => markOf(input) === mark) ? bundle : undefined;
  } catch {
    // There is none yet, or one of its sources has gone.
    return undefined;
  }
}

/** The files by which to tell whether a bundle is still good, and their marks: its last line. */
function inputsOf(bundle) {
  return bundle.slice(bundle.lastIndexOf("\n//") + "\n//".length);
}

function newBundle(file) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(__dirname, "build.js"), file], {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) {
    throw new SyntaxError(stderr.trim());
  }
  const { code, map, inputs } = JSON.parse(stdout);
  const bundle = `${code}//${JSON.stringify(inputs)}`;
  try {
    keep(`${placeOf(file)}.map`, map);
    keep(placeOf(file), bundle);
  } catch {
    // Where nothing can be kept it is built each time.
  }
  return bundle;
}

/** Several commands may do so at the same time. */
function keep(place, content) {
  const own = `${place}.${process.pid}`;
  mkdirSync(cache, { recursive: true });
  writeFileSync(own, content);
  renameSync(own, place);
}

/** Errors whose stack traces are of the sources already: many pass a file that asked for the one that failed, too. */
const told = new WeakSet();

/** Makes an error's stack trace one of the sources. */
function tellSources(error) {
  if (error instanceof Error && error.stack !== undefined && !told.has(error)) {
    told.add(error);
    error.stack = inSources(error.stack);
  }
}

/** A stack trace with the places of the sources in place of those of bundles. */
function inSources(stack) {
  return stack.replace(/([^\s()]+\.ts):(\d+):(\d+)/g, (place, file, line, column) => {
    try {
      const map = new Module.SourceMap(JSON.parse(readFileSync(`${placeOf(file)}.map`, "utf8")));
      const found = map.findEntry(Number(line) - 1, Number(column) - 1);
      const source = path.resolve(path.dirname(file), found.originalSource);
      return `${source}:${found.originalLine + 1}:${found.originalColumn + 1}`;
    } catch {
      return place;
    }
  });
}
