#!/usr/bin/env node
"use strict";

const path = require("node:path");
const { requireNodeVersion } = require("../node-version");

requireNodeVersion();
// The user's folder, from which paths on the command line start.
process.env.ANYWHERE_STARTED_IN = process.cwd();
process.chdir(path.join(__dirname, ".."));
require("../bundle/hook");
require("./command-line.ts");
