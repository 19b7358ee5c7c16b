import { expect, test } from "@jest/globals";
import { watchTasks } from "../../../cli/fleet/sources/watched-tasks";

const arns = ["one", "two"];

/** A watcher's answers, look by look, when ECS reports these tasks' status. */
async function watched(...answers: readonly (readonly [string, string][])[]) {
  const left = [...answers];
  const describe = () =>
    Promise.resolve((left.shift() ?? []).map(([taskArn, lastStatus]) => ({ taskArn, lastStatus })));
  const watch = watchTasks(describe, arns);
  const found: (readonly [boolean, readonly (string | undefined)[]])[] = [];
  for (let look = 0; look < answers.length; look++) {
    const { tasks, over } = await watch();
    found.push([over, tasks.map(({ lastStatus }) => lastStatus)]);
  }
  return found;
}

test("tasks that ECS doesn't report yet haven't ended, whether it reports some or none", async () => {
  expect(
    await watched(
      [],
      [["one", "STOPPED"]],
      [
        ["one", "STOPPED"],
        ["two", "RUNNING"],
      ],
      [
        ["one", "STOPPED"],
        ["two", "STOPPED"],
      ],
    ),
  ).toEqual([
    [false, []],
    [false, ["STOPPED"]],
    [false, ["STOPPED", "RUNNING"]],
    [true, ["STOPPED", "STOPPED"]],
  ]);
});

test("tasks that ECS no longer reports have ended, with their last known status", async () => {
  expect(
    await watched(
      [
        ["one", "RUNNING"],
        ["two", "STOPPED"],
      ],
      [["two", "STOPPED"]],
      [],
    ),
  ).toEqual([
    [false, ["RUNNING", "STOPPED"]],
    [true, ["RUNNING", "STOPPED"]],
    [true, ["RUNNING", "STOPPED"]],
  ]);
});

test("tasks that ECS never reports are waited for no longer than five minutes", async () => {
  const found = await watched(...Array.from({ length: 151 }, () => []));
  expect(found.map(([over]) => over)).toEqual([...Array.from({ length: 150 }, () => false), true]);
});
