import { setTimeout as pause } from "node:timers/promises";
import { beforeEach, expect, test } from "@jest/globals";
import { createAgentConnections } from "../../local-cloud/aws/ecs/agent-connection";
import type { AgentOrders, AgentPoll } from "../../local-cloud/machines";

const times = { period: 10, patience: 500 };
const before: AgentOrders = { connected: true, tasks: [] };
const after: AgentOrders = { connected: false, tasks: [] };

let orders: AgentOrders;
let looks: number;
let connection: ReturnType<typeof createAgentConnections>;

beforeEach(() => {
  orders = before;
  looks = 0;
  connection = createAgentConnections(times);
});

/** The answer to a poll, and how many milliseconds it took. */
async function answered(known?: string, gone = () => false) {
  const poll: AgentPoll = {
    machine: "one",
    managedInstanceId: "mi-1",
    containerInstanceArn: "arn:one",
    tasks: [],
    known,
  };
  const start = performance.now();
  const look = () => {
    looks += 1;
    return Promise.resolve(orders);
  };
  const answer = await connection(poll, look, gone);
  return { answer, milliseconds: performance.now() - start };
}

test("an agent that knows no orders, or others, is answered at the first look", async () => {
  const { answer } = await answered();
  expect(answer).toEqual({ ...before, mark: answer?.mark });
  orders = after;
  const { answer: other } = await answered(answer?.mark);
  expect(other).toMatchObject(after);
  expect(other?.mark).not.toBe(answer?.mark);
  expect(looks).toBe(2);
});

test("an agent that knows its orders is answered as soon as there are others", async () => {
  const { answer } = await answered();
  const waiting = answered(answer?.mark);
  await pause(100);
  orders = after;
  const { answer: other, milliseconds } = await waiting;
  expect(other).toMatchObject(after);
  expect(milliseconds).toBeGreaterThanOrEqual(95);
  expect(milliseconds).toBeLessThan(times.patience);
});

test("an agent is answered after a while although nothing is new", async () => {
  const { answer } = await answered();
  const { answer: same, milliseconds } = await answered(answer?.mark);
  expect(same).toEqual(answer);
  expect(milliseconds).toBeGreaterThanOrEqual(times.patience - 5);
});

test("the reports of a poll aren't taken again once the agent has hung up, or has sent another", async () => {
  const { answer } = await answered();
  let gone = false;
  const first = answered(answer?.mark, () => gone);
  gone = true;
  expect((await first).answer).toBeUndefined();
  expect(looks).toBe(2);
  const second = answered(answer?.mark);
  const third = answered(answer?.mark);
  expect((await second).answer).toBeUndefined();
  expect((await third).answer).toEqual(answer);
});
