import { namesOf } from "../names";
import { nodeNames } from "../nodes";
import type { Problem } from "../problem";
import type { Config } from "../schema";

/** A droplet's name is its host name. Source: RFC 1035, 2.3.4. */
const longestHostName = 63;

/** Source: Amazon ECS Developer Guide, "Amazon ECS service quotas". */
const mostNodes = 5000;

/** What is wrong with the nodes of all sites. */
export function nodeProblems(config: Config): Problem[] {
  const names = namesOf(config);
  const problems: Problem[] = [];
  const sites = Object.entries(config.sites);
  for (const [name, site] of sites) {
    const path = ["sites", name, "nodes"];
    for (const node of site.kind === "digitalocean" ? nodeNames(site) : []) {
      const host = names.node(name, node);
      if (host.length > longestHostName) {
        problems.push({
          path: typeof site.nodes === "number" ? path : [...path, node],
          message: `gives the host name ${host} of ${host.length} characters, ${longestHostName} at most are possible: shorten the name of the deployment, the site or the node`,
        });
      }
    }
  }
  const count = sites.reduce((sum, [, site]) => sum + nodeNames(site).length, 0);
  if (count > mostNodes) {
    problems.push({
      path: ["sites"],
      message: `must have ${mostNodes} nodes at most, as an ECS cluster (it has ${count}): take some out, or make a second deployment`,
    });
  }
  return problems;
}
