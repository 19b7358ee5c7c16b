import type { Config } from "../../config/schema";
import { shortTime } from "../fleet/time";
import type { HealReport } from "./schemas/heal-report";

/**
 * The nodes that `heal` has found lost, and what becomes of them, for people.
 *
 * @param after minutes for which an agent must have been lost
 */
export function healText(
  { nodes, dryRun }: HealReport,
  after: number,
  { sites }: Pick<Config, "sites">,
): string {
  if (nodes.length === 0) {
    return "No agent is lost.";
  }
  return nodes
    .map(({ node, lostSince, due, lastOfSite }) => {
      const since = `${node}: its agent has been lost since ${shortTime(lostSince)}`;
      if (!due) {
        return lastOfSite
          ? `${since}. It was kept: no other node of its site could take its tasks.`
          : `${since}. It will be deregistered ${after} minutes after that.`;
      }
      return dryRun
        ? `${since}. It would be deregistered from ECS.`
        : `${since}. It was deregistered from ECS, which starts its tasks elsewhere. ECS no longer ` +
            `controls containers that still run there: stop them. ${bringingBack(node, sites)} the node back.`;
    })
    .join("\n");
}

/** Beginning of a sentence about what brings a node back. */
function bringingBack(key: string, sites: Config["sites"]): string {
  const [site = "", node = ""] = key.split("/");
  const replacing = `"npm run deploy -- --replace ${key}"`;
  return sites[site]?.kind === "on-premises"
    ? `${replacing} and then "npx anywhere join ${site} ${node}" bring`
    : `${replacing} brings`;
}
