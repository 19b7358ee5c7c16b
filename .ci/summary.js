"use strict";

const { readFileSync } = require("node:fs");

// Counts what really ran, and fails when a test was skipped that may not be.
const [report, allowed] = process.argv.slice(2);
const { testResults, numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(
  readFileSync(report, "utf8"),
);
const allowedSkips = new Set(readFileSync(allowed, "utf8").split("\n"));

const skipped = testResults
  .flatMap(({ assertionResults }) => assertionResults)
  .filter(({ status }) => status !== "passed" && status !== "failed")
  .map(({ fullName }) => fullName);
const forbidden = skipped.filter((name) => !allowedSkips.has(name));
for (const name of skipped) {
  console.log(`skipped${allowedSkips.has(name) ? "" : ", and not on the list of .ci/run"}: ${name}`);
}
for (const { name, message } of testResults.filter(({ status }) => status === "failed")) {
  console.log(`${name}\n${message}`);
}
const failed = numFailedTests + numRuntimeErrorTestSuites + forbidden.length;
process.exitCode = failed > 0 || numPassedTests === 0 ? 1 : 0;
console.log(`${numPassedTests} passed, ${failed} failed`);
