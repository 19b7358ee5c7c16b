const { requireNodeVersion } = require("./node-version");

requireNodeVersion();
// As in local-cloud/run.js.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";

/** Settings of every project; its tests are patterns below test/. */
const project = (displayName, testMatch, more = {}) => ({
  displayName,
  testEnvironment: "node",
  testMatch,
  modulePathIgnorePatterns: ["<rootDir>/.local-cloud/", "<rootDir>/cdktf.out/"],
  // Without CDKTF's stack traces, as in bundles: with source maps they would be two thirds of a synthesis.
  moduleNameMapper: { "(^|/)stack-trace$": "<rootDir>/test/support/jest/no-stack-traces.js" },
  transform: {
    "^.+\\.ts$": ["@swc/jest", { jsc: { parser: { syntax: "typescript" }, target: "es2023" } }],
  },
  ...more,
});

/** @type {import("jest").Config} */
module.exports = {
  // For two cores, since files that start programs wait much of their time; test/support/jest/shares.json says how many of
  // them run beside each other.
  maxWorkers: 8,
  // Tests that start programs take seconds where others run beside them.
  testTimeout: 30_000,
  testSequencer: "<rootDir>/test/support/jest/sequencer.js",
  projects: [
    project("unit", ["<rootDir>/test/unit/**/*.test.ts"]),
    project("started", ["<rootDir>/test/**/*.test.ts"], {
      testPathIgnorePatterns: ["<rootDir>/test/unit/"],
      globalSetup: "<rootDir>/test/support/jest/global-setup.ts",
      setupFilesAfterEnv: [
        "<rootDir>/test/support/jest/take-share.ts",
        "<rootDir>/test/support/jest/to-succeed.ts",
      ],
    }),
  ],
};
