"use strict";

// Prints the bundle of a TypeScript file of this project, its source map, and the files by which to tell whether it is
// still good, as JSON: node bundle/build.js FILE

const { existsSync, readFileSync } = require("node:fs");
const path = require("node:path");
const { build } = require("esbuild");
const cdktf = require("./cdktf");
const { markOf } = require("./mark");

const [, , file] = process.argv;
/** Changes with every installation. */
const installed = path.join(__dirname, "../node_modules/.package-lock.json");

// Each source must find the files beside it from its own folder, not from the bundled file's.
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
    plugins: [ownFolder, ...cdktf],
    logLevel: "silent",
  });
  const sources = Object.keys(metafile.inputs)
    .map((source) => path.resolve(source))
    .filter((source) => !source.includes(`${path.sep}node_modules${path.sep}`));
  const inputs = [...sources, installed, __filename, require.resolve("./cdktf")]
    .filter(existsSync)
    .map((input) => [input, markOf(input)]);
  const [map, code] = outputFiles.map(({ text }) => text);
  // esbuild leaves them in comments and regular expressions. One is enough for V8 to keep the text in twice the memory.
  const ascii = code.replace(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  process.stdout.write(JSON.stringify({ code: ascii, map, inputs }));
}

main().catch(({ errors = [], message }) => {
  const lines = errors.map(({ text, location }) =>
    location === null ? text : `${location.file}:${location.line}:${location.column + 1}: ${text}`,
  );
  console.error(lines.join("\n") || message);
  process.exitCode = 1;
});
