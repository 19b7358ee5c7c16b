import { afterAll, beforeAll, expect } from "@jest/globals";
import { takeRoom } from "./room";
import { busy, shares, waiting } from "./shares.json";

/** Milliseconds in which all others are done. */
const patience = 3_600_000;

let leave: () => void;

// Six files that wait most of their time keep two cores busy. The one that deploys three environments at the same time, and
// the demo, which never waits, are more work than one; roll-outs and the desk, which wait for minutes, are less.
beforeAll(async () => {
  const { testPath = "" } = expect.getState();
  const isOneOf = (names: readonly string[]) =>
    names.some((name) => testPath.endsWith(`/test/${name}.test.ts`));
  leave = await takeRoom(isOneOf(busy) ? shares.busy : isOneOf(waiting) ? shares.waiting : shares.other);
}, patience);

afterAll(() => {
  leave();
});
