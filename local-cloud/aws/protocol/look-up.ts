import type { Failure } from "@aws-sdk/client-ecs";

import { lastPart } from "./arns";

/** The one of a cluster's resources that a request names by id or ARN, whatever its status. */
export function findIn<Item extends { readonly arn: string; readonly clusterName: string }>(
  items: ReadonlyMap<string, Item>,
  clusterName: string,
  idOrArn: string,
): Item | undefined {
  return [...items.values()].find(
    (item) => item.clusterName === clusterName && (item.arn === idOrArn || lastPart(item.arn) === idOrArn),
  );
}

/** The result of a Describe operation: the things that a request names, and failures for those that don't exist. */
export function lookUp<Item>(
  names: readonly string[],
  find: (name: string) => Item | undefined,
  arnOf: (name: string) => string,
): { readonly found: Item[]; readonly failures: Failure[] } {
  const looked = names.map((name) => ({ name, item: find(name) }));
  return {
    found: looked.flatMap(({ item }) => (item === undefined ? [] : [item])),
    failures: looked
      .filter(({ item }) => item === undefined)
      .map(({ name }) => ({ arn: name.startsWith("arn:") ? name : arnOf(name), reason: "MISSING" })),
  };
}
