import { expect, test } from "@jest/globals";
import {
  activationId,
  addActivation,
  addInstance,
  addMachine,
  node,
  remedy,
  settings,
  useNodeStage,
} from "../support/scripts/nodes";

const stage = useNodeStage();

const awaitNode = (overrides: Record<string, string> = {}) =>
  stage().runNodeScript("await.sh", settings({ TIMEOUT_SECONDS: "20", ...overrides }));

/** Ways in which an activation is of no use any more, and how the gate says so. */
const useless: readonly (readonly [string, Parameters<typeof addActivation>[1] | undefined, string])[] = [
  [
    "an activation that expired unused",
    { expired: true, used: false },
    `the activation ${activationId} expired before the machine used it. A new machine needs a new one: ${remedy}.`,
  ],
  [
    "an activation that was used by a machine nobody sees",
    { expired: true, used: true },
    `the activation ${activationId} has been used, but by a machine that never appeared or has gone since. ` +
      `It works only once: ${remedy}.`,
  ],
  [
    "an activation that was deleted",
    undefined,
    `the activation ${activationId} no longer exists, and the machine has not registered with it. ` +
      `A new machine needs a new one: ${remedy}.`,
  ],
];

function addFate(fate: (typeof useless)[number][1]): void {
  if (fate !== undefined) {
    addActivation(stage().world, fate);
  }
}

test.each(useless)(
  "%s fails the gate before its time-out, after a grace period",
  async (_, fate, verdict) => {
    addFate(fate);
    const { status, output, took } = await awaitNode({ GRACE_SECONDS: "1" });
    expect(status).toBe(1);
    expect(took).toBeLessThan(15_000);
    const [, told] = /FAILED: after [1-9]\d* s, (.*)$/.exec(output.trimEnd()) ?? [];
    expect(told).toBe(verdict);
  },
);

test.each(useless)("%s isn't a failure if the machine appears within the grace period", async (_, fate) => {
  addFate(fate);
  stage().before = (_, number) => {
    if (number === 8) {
      addMachine(stage().world, 1, node, { activationId });
      addInstance(stage().world, 1, node);
    }
  };
  expect(await awaitNode()).toMatchObject({ status: 0 });
});

test("a machine that disappears again gets a grace period of its own", async () => {
  const { world } = stage();
  addActivation(world, { expired: false, used: true });
  const begun = Date.now();
  stage().before = () => {
    const seconds = (Date.now() - begun) / 1000;
    world.aws.managedInstances.clear();
    if (seconds > 1.5 && seconds < 4) {
      addMachine(world, 1, node, { activationId });
    }
  };
  const { status, took } = await awaitNode({ GRACE_SECONDS: "3" });
  expect(status).toBe(1);
  expect(took).toBeGreaterThan(6000);
});

test("while the gate waits for a machine, it reads the activation at most four times per grace period", async () => {
  addActivation(stage().world, { expired: false, used: false });
  const { status } = await awaitNode({ GRACE_SECONDS: "8", TIMEOUT_SECONDS: "5" });
  expect(status).toBe(1);
  const looks = stage().calls.filter((name) => name === "DescribeActivations").length;
  expect(stage().calls.length).toBeGreaterThan(3 * looks);
  // At the beginning, every two seconds, and when the time is over.
  expect(looks).toBeGreaterThan(2);
  expect(looks).toBeLessThanOrEqual(4);
});
