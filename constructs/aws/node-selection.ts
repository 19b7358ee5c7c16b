import { nodeTags, type Names } from "../../config/names";

/**
 * The nodes of a site that have these attributes, in ECS's cluster query language. Source: Amazon ECS Developer Guide,
 * "Cluster query language".
 */
export function nodesWith(
  { deployment }: Names,
  site: string,
  attributes: Readonly<Record<string, string>>,
): string {
  const wanted = { [nodeTags.deployment]: deployment, [nodeTags.site]: site, ...attributes };
  return Object.entries(wanted)
    .map(([name, value]) => `attribute:${name} == ${value}`)
    .join(" and ");
}
