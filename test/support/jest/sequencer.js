"use strict";

const { default: Sequencer } = require("@jest/test-sequencer");

// The files with the longest waits first: beside each other they leave the load generators the computer that they
// need, and at the end they would leave a worker without work.
const first = ["rollout.test.ts", "rollback.test.ts", "demo.test.ts", "replacement.test.ts"];

module.exports = class extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const index = first.findIndex((name) => path.endsWith(`/lifecycle/${name}`));
      return index < 0 ? first.length : index;
    };
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
};
