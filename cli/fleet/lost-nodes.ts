import { keyOf } from "../nodes/node-key";
import type { Fleet, FleetNode } from "./fleet";

/** A node whose ECS agent isn't connected. */
export interface LostNode {
  readonly node: string;
  readonly containerInstance: string;
  readonly arn: string;
  /** Since when it is known to be lost; undefined when this is the first time it is noticed. */
  readonly since: string | undefined;
  /** Whether its site has another node: tasks move only within their site. */
  readonly replaceable: boolean;
}

/**
 * The lost nodes of a fleet. ECS doesn't report how long; Systems Manager does, for a machine that it has lost too.
 */
export function lostNodes({ sites }: Fleet): LostNode[] {
  return sites.flatMap(({ nodes }) =>
    nodes.flatMap((node) => {
      const { containerInstance, managedInstance } = node;
      if (containerInstance === null || containerInstance.agentConnected) {
        return [];
      }
      const isSilent = managedInstance !== null && managedInstance.pingStatus !== "Online";
      const times = [containerInstance.lostSince, isSilent ? managedInstance.lastPingAt : null];
      const [since] = times.flatMap((time) => time ?? []).sort();
      return [
        {
          node: keyOf(node),
          containerInstance: containerInstance.id,
          arn: containerInstance.arn,
          since,
          replaceable: nodes.some(isThere),
        },
      ];
    }),
  );
}

const isThere = ({ containerInstance }: FleetNode): boolean =>
  containerInstance?.agentConnected === true && containerInstance.status === "ACTIVE";

/** ARNs of container instances that were lost and are connected again. */
export function returnedInstances({ sites }: Fleet): string[] {
  return sites.flatMap(({ nodes }) =>
    nodes.flatMap(({ containerInstance }) =>
      containerInstance?.agentConnected === true && containerInstance.lostSince !== null
        ? [containerInstance.arn]
        : [],
    ),
  );
}
