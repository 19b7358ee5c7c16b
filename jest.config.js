const { requireNodeVersion } = require("./node-version");

requireNodeVersion();

/** What every project has; paths below test/, first those that need nothing started. */
const project = (displayName, folders, more = {}) => ({
  displayName,
  testEnvironment: "node",
  testMatch: folders.map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`),
  modulePathIgnorePatterns: ["<rootDir>/.local-cloud/", "<rootDir>/cdktf.out/"],
  transform: {
    "^.+\\.ts$": ["@swc/jest", { jsc: { parser: { syntax: "typescript" }, target: "es2023" } }],
  },
  ...more,
});

/** @type {import("jest").Config} */
module.exports = {
  // A local cloud for each life-cycle file: a third one would take the load generators' share of two cores.
  maxWorkers: 2,
  // Tests that start programs take seconds where others run beside them.
  testTimeout: 30_000,
  testSequencer: "<rootDir>/test/support/sequencer.js",
  projects: [
    project("unit", ["unit"]),
    project("started", ["cli", "lifecycle", "local-cloud", "scripts", "terraform"], {
      globalSetup: "<rootDir>/test/support/global-setup.ts",
    }),
  ],
};
