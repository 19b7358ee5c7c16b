import type { Problem } from "../problem";
import type { Config } from "../schema";
import { namesOf } from "../names";
import type { Sites } from "./nodes";

/** A droplet's host name is its name. Source: RFC 1035, 2.3.4. */
const longestHostName = 63;

/** Source: Amazon ECS Developer Guide, "Amazon ECS service quotas". */
const mostNodes = 5000;

/** Problems with the nodes of all sites. */
export function* nodeProblems(config: Config, sites: Sites): Iterable<Problem> {
  const names = namesOf(config);
  let count = 0;
  for (const [site, { nodes }] of sites) {
    const path = ["sites", site, "nodes"];
    for (const [node, { named }] of nodes) {
      const host = names.node(site, node);
      if (named && host.length > longestHostName) {
        yield {
          path: typeof config.sites[site]?.nodes === "number" ? path : [...path, node],
          message: `gives the host name ${host} of ${host.length} characters, but at most ${longestHostName} are allowed: shorten the name of the deployment, the site or the node`,
        };
      }
    }
    count += nodes.size;
  }
  if (count > mostNodes) {
    yield {
      path: ["sites"],
      message: `must have at most ${mostNodes} nodes, the limit of an ECS cluster (it has ${count}): remove some, or create a second deployment`,
    };
  }
}
