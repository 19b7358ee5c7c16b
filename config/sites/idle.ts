import type { Config } from "../schema";
import { hasTasksAt, nodesFor } from "../services/placements";
import type { Service } from "../services/service";
import { resolveSites, type Sites } from "./nodes";

/**
 * A line about each service and job that no node can run, since its sites have none at present. That may be meant, so
 * it is no problem; but nothing else shows it.
 */
export function idleWarnings({
  file,
  config,
}: {
  readonly file: string;
  readonly config: Config;
}): readonly string[] {
  const sites = resolveSites(config);
  const services = Object.entries(config.services).flatMap(([name, service]) => {
    const why = reasonOf(service, sites);
    return why === undefined ? [] : [`services.${name} runs nowhere, since ${why}`];
  });
  const jobs = Object.entries(config.jobs)
    .filter(([, { enabled, site }]) => enabled && sites.get(site)?.nodes.size === 0)
    .map(
      ([name, { site }]) =>
        `jobs.${name} runs nowhere, since site ${site} has no nodes: each run is skipped until there is one`,
    );
  return [...services, ...jobs].map((line) => `${file}: ${line}`);
}

function reasonOf(service: Service, sites: Sites): string | undefined {
  if (service.placement !== "every-node" && Object.keys(service.placement).length === 0) {
    return "its placement names no site: name one to start it";
  }
  const at = [...sites].filter(([site]) => hasTasksAt(service, site));
  const names = at.map(([site]) => site);
  if (at.length === 0 || at.some(([, site]) => nodesFor(site, service).length > 0)) {
    return undefined;
  }
  const have = names.length === 1 ? `site ${names.join()} has` : `sites ${names.join(", ")} have`;
  return `${have} no nodes: it starts once there is one`;
}
