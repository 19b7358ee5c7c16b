"use strict";

const { statSync } = require("node:fs");

/**
 * A text that changes whenever a file does.
 *
 * @param {string} file
 * @returns {string}
 */
function markOf(file) {
  const { mtimeMs, size } = statSync(file);
  return `${mtimeMs} ${size}`;
}

module.exports = { markOf };
