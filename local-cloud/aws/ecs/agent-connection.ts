import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { AgentOrders, AgentPoll } from "../../machines";

/** Milliseconds. */
export interface AgentTimes {
  /** Between two looks at an agent's orders. */
  readonly period: number;
  /** After which an agent is answered although nothing is new: it must know that the clouds are there. */
  readonly patience: number;
}

/**
 * Answers agents as soon as they have other orders than those that they know: ECS tells a connected agent at once.
 * Source: amazon-ecs-agent, agent/acs.
 */
export function createAgentConnections({ period, patience }: AgentTimes = { period: 200, patience: 5000 }) {
  const latest = new Map<string, AgentPoll>();
  /**
   * The answer to a poll; undefined when there is nobody left to answer.
   * @param ordersOf takes the reports of the poll again each time: an agent that has others sends another poll
   * @param gone whether the agent has hung up
   */
  return async (
    poll: AgentPoll,
    ordersOf: () => Promise<AgentOrders>,
    gone: () => boolean,
  ): Promise<AgentOrders | undefined> => {
    const agent = poll.containerInstanceArn;
    latest.set(agent, poll);
    const end = Date.now() + patience;
    for (;;) {
      const orders = await ordersOf();
      const mark = createHash("sha256").update(JSON.stringify(orders)).digest("hex");
      if (mark !== poll.known || Date.now() >= end) {
        return { ...orders, mark };
      }
      await pause(period);
      if (gone() || latest.get(agent) !== poll) {
        return undefined;
      }
    }
  };
}
