import { z } from "zod";
import type { DeepReadonly } from "../deep-readonly";
import { key } from "../forms";
import { specsOf, type SiteKind } from "./kind";
import { serverSpec } from "./node";

const onPremisesSite = z.strictObject({
  kind: z.literal("on-premises").describe("servers of your own"),
  nodes: z
    .record(key, serverSpec, {
      error: ({ code }) =>
        code === "invalid_type" ? 'must be the servers by name, such as { "rack-1": {} }' : undefined,
    })
    .describe("The servers by name."),
  // Source: AWS Systems Manager API Reference, CreateActivation: at most 30 days.
  activationDays: z.int().min(1).max(30).default(7).describe("Days within which a server has to register."),
  awaitNodes: z.boolean().default(false).describe("Whether a deploy waits for the servers to register."),
});

export type OnPremisesSite = DeepReadonly<z.output<typeof onPremisesSite>>;

/** Servers that somebody else runs: nothing is known of them but what they are called. */
export const onPremises = {
  schema: onPremisesSite,
  loadBalancers: false,
  machines: ({ nodes }: OnPremisesSite) =>
    new Map(
      Object.entries(specsOf(nodes)).map(([node, spec]) => [
        node,
        // Region, size, image and network, which a droplet has.
        { spec, incarnation: [undefined, undefined, undefined, undefined], texts: {}, named: false },
      ]),
    ),
  activationHours: ({ activationDays }: OnPremisesSite) => activationDays * 24,
  awaitsNodes: ({ awaitNodes }: OnPremisesSite) => awaitNodes,
  problems: () => [],
} satisfies SiteKind<OnPremisesSite>;
