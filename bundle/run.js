"use strict";

// Runs a TypeScript file of this project: node bundle/run.js FILE [ARGUMENT …]

const path = require("node:path");
const { requireNodeVersion } = require("../node-version");

requireNodeVersion();
require("./hook");
process.argv.splice(1, 1);
require(path.resolve(process.argv[1]));
