import { z } from "zod";
import type { DeepReadonly } from "../deep-readonly";
import { key } from "../forms";
import { machinesOf, type SiteKind } from "./kind";
import { serverSpec } from "./node";

/** Source: AWS Systems Manager API Reference, CreateActivation: at most 30 days. */
const longestHours = 30 * 24;

const onPremisesSite = z.strictObject({
  kind: z.literal("on-premises").describe("your own servers"),
  nodes: z
    .record(key, serverSpec, {
      error: ({ code }) =>
        code === "invalid_type" ? 'must be the servers by name, such as { "rack-1": {} }' : undefined,
    })
    .describe("The servers by name."),
  activationDays: z
    .int()
    .min(1)
    .max(longestHours / 24)
    .default(7)
    .describe("Days within which a server must register."),
  awaitNodes: z.boolean().default(false).describe("Whether a deploy waits for the servers to register."),
});

export type OnPremisesSite = DeepReadonly<z.output<typeof onPremisesSite>>;

/** Servers that the user runs: only their names are known. */
export const onPremises = {
  schema: onPremisesSite,
  loadBalancers: false,
  machines: ({ nodes }: OnPremisesSite) =>
    machinesOf(nodes, (spec) => ({
      spec,
      // Instead of a droplet's region, size, image and network.
      incarnation: [undefined, undefined, undefined, undefined],
      texts: {},
      named: false,
    })),
  // Short of the limit, for a clock that is ahead of AWS's.
  activationHours: ({ activationDays }: OnPremisesSite) => Math.min(activationDays * 24, longestHours - 1),
  awaitsNodes: ({ awaitNodes }: OnPremisesSite) => awaitNodes,
  problems: () => [],
} satisfies SiteKind<OnPremisesSite>;
