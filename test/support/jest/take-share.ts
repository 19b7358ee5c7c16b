import { afterAll, beforeAll, expect } from "@jest/globals";
import { takeRoom } from "./room";
import { loading, shares } from "./shares.json";

/** Milliseconds in which all others are done. */
const patience = 3_600_000;

let leave: () => void;

// Three files keep two cores busy. Where one loads a deployment, and counts every failed request, there are two.
beforeAll(async () => {
  const { testPath = "" } = expect.getState();
  const loads = loading.some((name) => testPath.endsWith(`/test/${name}.test.ts`));
  leave = await takeRoom(loads ? shares.loading : shares.other);
}, patience);

afterAll(() => {
  leave();
});
