import type { Construct } from "constructs";
import type { ComputeProps, ComputeStack } from "./compute";
import { DigitalOceanComputeStack } from "./digitalocean";
import { OnPremisesComputeStack } from "./on-premises";

/** Stacks by kind of site. */
export type ComputeStacks = Readonly<
  Record<string, new (scope: Construct, props: ComputeProps) => ComputeStack>
>;

/** The stack of every kind of site in config/sites/index.ts. */
export const computeStacks: ComputeStacks = {
  digitalocean: DigitalOceanComputeStack,
  "on-premises": OnPremisesComputeStack,
};
