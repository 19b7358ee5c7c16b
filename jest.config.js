const { requireNodeVersion } = require("./node-version");

requireNodeVersion();

/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "node",
  // A life-cycle file waits for its local cloud half of the time: three keep two cores busy.
  maxWorkers: 3,
  // Tests that start programs take seconds where others run beside them.
  testTimeout: 30_000,
  globalSetup: "<rootDir>/test/support/global-setup.ts",
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  modulePathIgnorePatterns: ["<rootDir>/.local-cloud/", "<rootDir>/cdktf.out/"],
  transform: {
    "^.+\\.ts$": ["@swc/jest", { jsc: { parser: { syntax: "typescript" }, target: "es2023" } }],
  },
};
