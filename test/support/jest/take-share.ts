import { afterAll, beforeAll, expect } from "@jest/globals";
import { takeRoom } from "./room";
import { busy, shares } from "./shares.json";

/** Milliseconds in which all others are done. */
const patience = 3_600_000;

let leave: () => void;

// Five files that mostly wait keep two cores busy. The one that deploys three environments at the same time, and the demo,
// which never waits, are as much work as two.
beforeAll(async () => {
  const { testPath = "" } = expect.getState();
  const isBusy = busy.some((name) => testPath.endsWith(`/test/${name}.test.ts`));
  leave = await takeRoom(isBusy ? shares.busy : shares.other);
}, patience);

afterAll(() => {
  leave();
});
