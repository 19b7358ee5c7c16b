"use strict";

const { default: Sequencer } = require("@jest/test-sequencer");
const { busy, long, waiting } = require("./shares.json");

// Files that take more of the computer first, beside each other: later they would wait until there is room. Then the
// longest: at the end they would leave workers without work.
const first = [...busy, ...waiting, ...long];

module.exports = class extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const index = first.findIndex((name) => path.endsWith(`/test/${name}.test.ts`));
      return index < 0 ? first.length : index;
    };
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
};
