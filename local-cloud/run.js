"use strict";

const path = require("node:path");

const { engines } = require("../package.json");

// Before anything else is loaded: on other versions already loading it can fail, and in obscure ways.
const [major, minor] = process.versions.node.split(".").map(Number);
if ((major === 20 && minor >= 9) || major === 21 || major === 22) {
  require("tsx/cjs");
  require(path.join(__dirname, process.argv.splice(2, 1)[0]));
} else {
  console.error(
    `This project needs Node.js ${engines.node}, and this is ${process.versions.node}: install Node.js 20 or 22.`,
  );
  process.exitCode = 1;
}
