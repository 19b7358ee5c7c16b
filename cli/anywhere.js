#!/usr/bin/env node
"use strict";

const path = require("node:path");
const { requireNodeVersion } = require("../node-version");

requireNodeVersion();
// Where its user is, and so the files that are named on the command line.
process.env.ANYWHERE_STARTED_IN = process.cwd();
process.chdir(path.join(__dirname, ".."));
require("../bundle/hook");
require("./command-line.ts");
