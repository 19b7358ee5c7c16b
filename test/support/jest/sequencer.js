"use strict";

const { default: Sequencer } = require("@jest/test-sequencer");
const { heavy, busy, long } = require("./shares.json");

// Files that load a deployment first: those with heavy loads each beside a long one that doesn't, the others beside each
// other, since they wait most, and leave the load generators the computer that they need. Then the longest: at the end
// they would leave workers without work.
const beside = long.slice(0, heavy.length);
const first = [...heavy.flatMap((name, index) => [name, beside[index]]), ...busy, ...long];

module.exports = class extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const index = first.findIndex((name) => path.endsWith(`/test/${name}.test.ts`));
      return index < 0 ? first.length : index;
    };
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
};
