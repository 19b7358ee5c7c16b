import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { serveRoom, takeRoom } from "../support/jest/room";

test("test files get their shares in the order in which they ask, as soon as there is room", async () => {
  await serveRoom(6);
  const entered: string[] = [];
  const enter = async (name: string, share: number) => {
    const leave = await takeRoom(share);
    entered.push(name);
    return leave;
  };
  const leaveFirst = await enter("first", 3);
  const leaveSecond = await enter("second", 2);
  const third = enter("third", 3);
  await pause(50);
  const fourth = enter("fourth", 1);
  await pause(50);
  expect(entered).toEqual(["first", "second"]);
  leaveSecond();
  const leaveThird = await third;
  await pause(50);
  expect(entered).toEqual(["first", "second", "third"]);
  leaveFirst();
  for (const leave of [leaveThird, await fourth]) {
    leave();
  }
  expect(entered).toEqual(["first", "second", "third", "fourth"]);
});
