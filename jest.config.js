const { requireNodeVersion } = require("./node-version");

requireNodeVersion();

/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "node",
  // A local cloud for each life-cycle file: a third one would take the load generators' share of two cores.
  maxWorkers: 2,
  testSequencer: "<rootDir>/test/support/sequencer.js",
  // Tests that start programs take seconds where others run beside them.
  testTimeout: 30_000,
  globalSetup: "<rootDir>/test/support/global-setup.ts",
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  modulePathIgnorePatterns: ["<rootDir>/.local-cloud/", "<rootDir>/cdktf.out/"],
  transform: {
    "^.+\\.ts$": ["@swc/jest", { jsc: { parser: { syntax: "typescript" }, target: "es2023" } }],
  },
};
