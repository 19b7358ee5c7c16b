"use strict";

const { Buffer } = require("node:buffer");
const { readFileSync } = require("node:fs");
const Module = require("node:module");
const path = require("node:path");
const { Script } = require("node:vm");

const [opening] = Module.wrapper;

/**
 * Runs the bundle of a file as that file's module. Keeps V8's compiled code for the next process, since compiling would take
 * most of a short command's time.
 *
 * @param {Module} module
 * @param {{ file: string, bundle: string, mark: string }} source the mark changes whenever the bundle does: V8 compares
 * only its length
 * @param {{ place: string, keep: (place: string, content: Buffer) => void }} kept where the compiled code is kept, and how
 */
function evaluate(module, { file, bundle, mark }, { place, keep }) {
  const own = Buffer.from(`${mark} ${process.version}\n`);
  const script = new Script(Module.wrap(bundle), {
    filename: file,
    columnOffset: -opening.length,
    cachedData: keptCode(place, own),
  });
  if (script.cachedDataRejected !== false) {
    // By then all that such a command needs has been compiled.
    process.once("exit", () => {
      try {
        keep(place, Buffer.concat([own, script.createCachedData()]));
      } catch {
        // Where nothing can be kept it is compiled each time.
      }
    });
  }
  const require = Module.createRequire(file);
  script.runInThisContext().call(module.exports, module.exports, require, module, file, path.dirname(file));
}

/** Code that was kept for this bundle by this version of Node.js. */
function keptCode(place, own) {
  try {
    const kept = readFileSync(place);
    return kept.subarray(0, own.length).equals(own) ? kept.subarray(own.length) : undefined;
  } catch {
    return undefined;
  }
}

module.exports = { evaluate };
