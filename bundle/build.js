"use strict";

// Prints the bundle of a TypeScript file of this project, its source map, and the files by which to tell whether it is
// still good, as JSON: node bundle/build.js FILE

const { existsSync, readFileSync } = require("node:fs");
const path = require("node:path");
const { build } = require("esbuild");
const { markOf } = require("./mark");

const [, , file] = process.argv;
/** Changes with every installation. */
const installed = path.join(__dirname, "../node_modules/.package-lock.json");

// A source finds what lies beside it by its own folder, and not by that of the file which is bundled.
const ownFolder = {
  name: "own-folder",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path: source }) => {
      const text = readFileSync(source, "utf8");
      const folder = `const __dirname = ${JSON.stringify(path.dirname(source))}; `;
      return { contents: text.includes("__dirname") ? folder + text : text, loader: "ts" };
    });
  },
};

// For each of thousands of values CDKTF notes where it was made: a fifth of a large synthesis, for messages that name lines
// of CDKTF's own.
const noStackTraces = {
  name: "no-stack-traces",
  setup({ onLoad }) {
    onLoad({ filter: /cdktf\/lib\/tokens\/private\/stack-trace\.js$/ }, () => ({
      contents: "exports.captureStackTrace = () => [];",
    }));
  },
};

// CDKTF packs an archive by running this file of its own, which in a bundle would be the bundled one, and loads its packer,
// with streams and globs, in every process.
const ownArchiver = {
  name: "own-archiver",
  setup({ onLoad }) {
    onLoad({ filter: /cdktf\/lib\/private\/fs\.js$/ }, ({ path: source }) => {
      const text = readFileSync(source, "utf8").replace('require("archiver")', "undefined");
      return { contents: `const __filename = ${JSON.stringify(source)}; ${text}` };
    });
  },
};

async function main() {
  const { outputFiles, metafile } = await build({
    entryPoints: [file],
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    // Code that V8 has kept can't ask for modules by itself.
    supported: { "dynamic-import": false },
    // Large, and loaded by few commands.
    external: ["@aws-sdk/*", "esbuild"],
    outfile: file,
    sourcemap: "external",
    sourcesContent: false,
    plugins: [ownFolder, noStackTraces, ownArchiver],
    logLevel: "silent",
  });
  const sources = Object.keys(metafile.inputs)
    .map((source) => path.resolve(source))
    .filter((source) => !source.includes(`${path.sep}node_modules${path.sep}`));
  const inputs = [...sources, installed, __filename]
    .filter(existsSync)
    .map((input) => [input, markOf(input)]);
  const [map, code] = outputFiles.map(({ text }) => text);
  process.stdout.write(JSON.stringify({ code, map, inputs }));
}

main().catch(({ errors = [], message }) => {
  const lines = errors.map(({ text, location }) =>
    location === null ? text : `${location.file}:${location.line}:${location.column + 1}: ${text}`,
  );
  console.error(lines.join("\n") || message);
  process.exitCode = 1;
});
