import { beforeEach, expect, test } from "@jest/globals";
import { emptyAccount, type Activation, type AwsAccount } from "../support/aws-account";
import {
  activationId,
  container,
  managed,
  node,
  remedy,
  runNodeScript,
  settings,
} from "../support/node-script";

let account: AwsAccount;

beforeEach(() => {
  account = emptyAccount();
});

const awaitNode = (overrides: Record<string, string> = {}) =>
  runNodeScript(account, "await.sh", settings({ TIMEOUT_SECONDS: "20", ...overrides }));
const operations = () => account.calls.map(({ operation }) => operation);

/** Ways in which an activation is of no use any more, and how the gate says so. */
const useless: readonly (readonly [string, Activation[], string])[] = [
  [
    "an activation that expired unused",
    [{ id: activationId, expired: true, registrations: 0 }],
    `the activation ${activationId} expired before the machine used it. A new machine needs a new one: ${remedy}.`,
  ],
  [
    "an activation that was used by a machine nobody sees",
    [{ id: activationId, expired: true, registrations: 1 }],
    `the activation ${activationId} has been used, but by a machine that never appeared or has gone since. ` +
      `It works only once: ${remedy}.`,
  ],
  [
    "an activation that was deleted",
    [],
    `the activation ${activationId} does not exist any more, and the machine has not registered with it. ` +
      `A new machine needs a new one: ${remedy}.`,
  ],
];

test.each(useless)("%s fails before the time is over, after a grace", async (_, activations, verdict) => {
  account.activations.push(...activations);
  const { status, output, took } = await awaitNode({ GRACE_SECONDS: "1" });
  expect(status).toBe(1);
  expect(took).toBeLessThan(15_000);
  const [, told] = /FAILED: after [1-9]\d* s, (.*)$/.exec(output.trimEnd()) ?? [];
  expect(told).toBe(verdict);
});

test.each(useless)("%s is no failure when the machine appears within the grace", async (_, activations) => {
  account.activations.push(...activations);
  account.before = (_, number) => {
    if (number === 8) {
      account.managed.push(managed("mi-1", node, activationId));
      account.containers.push(container("mi-1", node));
    }
  };
  expect(await awaitNode()).toMatchObject({ status: 0 });
});

test("a machine that disappears again gets a grace of its own", async () => {
  account.activations.push({ id: activationId, expired: false, registrations: 1 });
  const shows = managed("mi-1", node, activationId);
  const begun = Date.now();
  account.before = () => {
    const seconds = (Date.now() - begun) / 1000;
    account.managed = seconds > 1.5 && seconds < 4 ? [shows] : [];
  };
  const { status, took } = await awaitNode({ GRACE_SECONDS: "3" });
  expect(status).toBe(1);
  expect(took).toBeGreaterThan(6000);
});

test("while a machine is waited for, its activation is looked at four times per grace at most", async () => {
  account.activations.push({ id: activationId, expired: false, registrations: 0 });
  const { status } = await awaitNode({ GRACE_SECONDS: "8", TIMEOUT_SECONDS: "5" });
  expect(status).toBe(1);
  const looks = operations().filter((name) => name === "DescribeActivations").length;
  expect(operations().length).toBeGreaterThan(5 * looks);
  // At the beginning, every two seconds, and when the time is over.
  expect(looks).toBeGreaterThan(2);
  expect(looks).toBeLessThanOrEqual(4);
});
