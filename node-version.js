"use strict";

const { engines } = require("./package.json");

/**
 * Whether a version lies in a range such as ">=20.9 <25".
 *
 * @param {string} version
 * @param {string} range
 */
function inRange(version, range) {
  const numbers = (text) => text.split(".").map(Number);
  return range.split(" ").every((bound) => {
    const [, operator, limit] = /^(>=|<)([\d.]+)$/.exec(bound);
    const [major, minor = 0] = numbers(version);
    const [limitMajor, limitMinor = 0] = numbers(limit);
    const order = major - limitMajor || minor - limitMinor;
    return operator === "<" ? order < 0 : order >= 0;
  });
}

/**
 * Ends the process with one line when this is not a Node.js that package.json allows. To be called before
 * anything else is loaded: on other versions already loading it can fail, and in obscure ways.
 */
function requireNodeVersion() {
  if (!inRange(process.versions.node, engines.node)) {
    console.error(
      `This project needs Node.js ${engines.node}, and this is ${process.versions.node}: install Node.js 20, 22 or 24.`,
    );
    process.exit(1);
  }
}

module.exports = { requireNodeVersion };
