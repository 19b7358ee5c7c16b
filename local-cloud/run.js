"use strict";

const path = require("node:path");
const { requireNodeVersion } = require("../node-version");

// Runs a TypeScript file, named from the project's folder: node run.js FILE [ARGUMENT …]
requireNodeVersion();
require("tsx/cjs");
const [file] = process.argv.splice(2, 1);
require(path.join(__dirname, "..", file));
