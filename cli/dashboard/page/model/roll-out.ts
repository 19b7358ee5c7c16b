import type { FleetNode, FleetService, FleetTask } from "../../../fleet/fleet";
import { keyOf, numberOf, wantedRevision } from "./states";

/** A task in the picture of a roll-out: its place moves from revision to revision, whichever task fills it. */
export interface Place {
  /** The same for the task that takes this one's place. */
  readonly key: string;
  readonly node: string;
  readonly task: FleetTask;
}

/** The tasks of a service that have one revision. */
export interface Lane {
  readonly number: string;
  readonly isWanted: boolean;
  readonly places: readonly Place[];
  /** Tasks that have yet to start here. */
  readonly missing: number;
}

/** The tasks of a service at a site by revision, the oldest first; an empty lane that isn't wanted is left out. */
export function lanesOf(service: FleetService, nodes: readonly FleetNode[]): Lane[] {
  const wanted = wantedRevision(service);
  const places = placesOf(service, nodes);
  const revisions = new Set([
    ...places.map(({ task }) => task.revision),
    ...(wanted === undefined ? [] : [wanted]),
  ]);
  return [...revisions]
    .sort((one, other) => Number(numberOf(one)) - Number(numberOf(other)))
    .map((revision) => {
      const own = places.filter(({ task }) => task.revision === revision);
      const isWanted = revision === wanted;
      return {
        number: numberOf(revision),
        isWanted,
        places: own,
        missing: isWanted ? Math.max(0, service.desired - own.length) : 0,
      };
    })
    .sort((one, other) => Number(one.isWanted) - Number(other.isWanted));
}

/** On each node its tasks are counted from the oldest revision: while two overlap, the new one isn't in its place yet. */
function placesOf({ service }: FleetService, nodes: readonly FleetNode[]): Place[] {
  return nodes.flatMap((node) =>
    node.tasks
      .filter(({ of }) => of === service)
      .sort((one, other) => Number(numberOf(one.revision)) - Number(numberOf(other.revision)))
      .map((task, index) => ({ key: `${service} ${keyOf(node)} ${index}`, node: node.node, task })),
  );
}
