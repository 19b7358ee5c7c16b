"use strict";

// CDKTF as it is installed, for bundles: quicker, with the same results.

const { readFileSync } = require("node:fs");

/** A plugin for esbuild that changes the text of one file. */
const changing = (name, filter, change) => ({
  name,
  setup({ onLoad }) {
    onLoad({ filter }, ({ path: source }) => {
      const text = readFileSync(source, "utf8");
      const contents = change(text, source);
      if (contents === text) {
        throw new Error(`${source} isn't what ${name} changes`);
      }
      return { contents };
    });
  },
});

/** Whether a value has no token in it, nor can be one. */
function isPlain(value) {
  return value === undefined || (typeof value === "string" && !/TfToken\[|e\+|Map Token Value/.test(value));
}

/** The JSON of a value, its names sorted: what json-stable-stringify makes of it, in a tenth of the time. */
function stableText(value, { space }) {
  const text = (given, line) => {
    const part = typeof given?.toJSON === "function" ? given.toJSON() : given;
    if (typeof part !== "object" || part === null) {
      return JSON.stringify(part);
    }
    const inner = line + " ".repeat(space);
    let fields = "";
    if (Array.isArray(part)) {
      for (const item of part) {
        fields += `${fields && ","}${inner}${text(item, inner) ?? "null"}`;
      }
      return `[${fields}${line}]`;
    }
    for (const name of Object.keys(part).sort()) {
      const field = text(part[name], inner);
      if (field !== undefined) {
        fields += `${fields && ","}${inner}${JSON.stringify(name)}: ${field}`;
      }
    }
    return `{${fields}${line}}`;
  };
  return text(value, "\n");
}

/** Writes a file, unless it is there with this content. */
function writeChanged(fs, file, content) {
  if (!fs.existsSync(file) || fs.readFileSync(file, "utf8") !== content) {
    fs.writeFileSync(file, content);
  }
}

module.exports = [
  // For each of thousands of values CDKTF notes where it was made: a fifth of a large synthesis, for messages that name
  // lines of CDKTF's own.
  changing(
    "no-stack-traces",
    /cdktf\/lib\/tokens\/private\/stack-trace\.js$/,
    () => "exports.captureStackTrace = () => [];",
  ),
  // It looks for tokens in every text, names included, and several times. Each look takes a dozen objects, and most
  // texts have no token.
  changing("quick-resolution", /cdktf\/lib\/tokens\/private\/resolve\.js$/, (text) => {
    const quick = text.replace(
      /makeContext\((.*)\)\[0\]\.resolve\((.*?)\)(?=[;)])/g,
      "(isPlain($2) ? $2 : makeContext($1)[0].resolve($2))",
    );
    return quick === text ? text : `${quick}\n${isPlain}`;
  }),
  changing("quick-text", /\/json-stable-stringify\/index\.js$/, () => `module.exports = ${stableText};`),
  changing("unchanged-files", /cdktf\/lib\/synthesize\/synthesizer\.js$/, (text) => {
    const changed = text.replaceAll("fs.writeFileSync(", "writeChanged(fs, ");
    return changed === text ? text : `${changed}\n${writeChanged}`;
  }),
  // It packs an archive by running this file of its own, which in a bundle would be the bundled one, and loads its
  // packer, with streams and globs, in every process.
  changing("own-archiver", /cdktf\/lib\/private\/fs\.js$/, (text, source) => {
    const without = text.replace('require("archiver")', "undefined");
    return without === text ? text : `const __filename = ${JSON.stringify(source)}; ${without}`;
  }),
];
