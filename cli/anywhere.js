#!/usr/bin/env node
"use strict";

const path = require("node:path");
const { requireNodeVersion } = require("../node-version");

requireNodeVersion();
process.chdir(path.join(__dirname, ".."));
require("tsx/cjs");
require("./command-line.ts");
