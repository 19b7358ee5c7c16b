import { afterAll, beforeAll, expect } from "@jest/globals";
import { takeRoom } from "./room";
import { busy, heavy, shares } from "./shares.json";

/** Milliseconds in which all others are done. */
const patience = 3_600_000;

let leave: () => void;

// Four files that mostly wait keep two cores busy. Those that load a deployment, and need all that they send to be
// answered, run beside one other; as much room takes the one that deploys three environments at the same time. Two of
// them would be more than two cores can do if their loads are heavy: such a file runs beside one that mostly waits.
beforeAll(async () => {
  const { testPath = "" } = expect.getState();
  const isAmong = (files: readonly string[]) =>
    files.some((name) => testPath.endsWith(`/test/${name}.test.ts`));
  leave = await takeRoom(isAmong(heavy) ? shares.heavy : isAmong(busy) ? shares.busy : shares.other);
}, patience);

afterAll(() => {
  leave();
});
