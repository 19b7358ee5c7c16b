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
        throw new Error(
          `${source} doesn't contain the text that ${name} replaces: it may be another version`,
        );
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
  // Those that JSON.stringify writes otherwise: an empty one on one line, and names of digits by their numbers.
  const otherwise = new Set();
  const sorted = (given) => {
    const part = typeof given?.toJSON === "function" ? given.toJSON() : given;
    if (typeof part !== "object" || part === null) {
      return part;
    }
    const names = Object.keys(part);
    const hasNumbers = !Array.isArray(part) && names.some((name) => /^\d/.test(name));
    const isSorted = names.every((name, at) => typeof part[name] === "string" && !(names[at - 1] > name));
    // Most, of which there may be thousands, need no copy.
    if (isSorted && !hasNumbers && names.length > 0) {
      return part;
    }
    const copy = Array.isArray(part) ? part.map(sorted) : Object.create(null);
    for (const name of Array.isArray(part) ? [] : names.sort()) {
      const field = sorted(part[name]);
      if (field !== undefined) {
        copy[name] = field;
      }
    }
    const fields = Object.values(copy);
    if (hasNumbers || fields.length === 0 || fields.some((field) => otherwise.has(field))) {
      otherwise.add(copy);
    }
    return copy;
  };
  const text = (part, line) => {
    if (!otherwise.has(part)) {
      return JSON.stringify(part, null, space)?.replaceAll("\n", line) ?? "null";
    }
    const inner = line + " ".repeat(space);
    const fields = Array.isArray(part)
      ? part.map((item) => `${inner}${text(item, inner)}`)
      : Object.keys(part)
          .sort()
          .map((name) => `${inner}${JSON.stringify(name)}: ${text(part[name], inner)}`);
    return Array.isArray(part) ? `[${fields}${line}]` : `{${fields}${line}}`;
  };
  return text(sorted(value), "\n");
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
