import type { Problem } from "../problem";
import type { Config } from "../schema";
import type { Node, ResolvedSite, Sites } from "../sites/nodes";
import {
  countsOf,
  demandOf,
  fillsItsNodes,
  hasAttributes,
  hasTasksAt,
  slotsAt,
  type Demand,
} from "./placements";

/** A task that may run on the nodes of a site that have these attributes. */
interface Candidate extends Demand {
  readonly path: readonly string[];
  readonly on: Readonly<Record<string, string>>;
  /** Whether it certainly runs on each of them: one task on every node, or as many as there are nodes. */
  readonly certain: boolean;
}

/**
 * Tasks that don't fit a node together with everything else that runs there; each is reported for the first such node.
 */
export function fitProblems(config: Config, sites: Sites): Iterable<Problem> {
  const problems = new Map<string, Problem>();
  for (const [name, site] of sites) {
    const candidates = candidatesAt(config, name, site);
    for (const [key, node] of site.nodes) {
      const demands = candidates.filter(({ on }) => hasAttributes(node, on));
      for (const problem of problemsOn(`${name}/${key}`, node, demands)) {
        const key = problem.path.join(".");
        problems.set(key, problems.get(key) ?? problem);
      }
    }
  }
  return [...problems.values(), ...(problems.size === 0 ? countProblems(config, sites) : [])];
}

/** Numbers of tasks that exceed a site's capacity. */
function* countProblems(config: Config, sites: Sites): Iterable<Problem> {
  for (const [name, service] of Object.entries(config.services)) {
    const counts = service.http === undefined ? countsOf(service) : {};
    for (const [siteName, count] of Object.entries(counts)) {
      const site = sites.get(siteName);
      const slots = site === undefined ? count : slotsAt(config, service, siteName, site);
      if (count > slots) {
        yield {
          path: ["services", name, "placement", siteName],
          message: `doesn't fit: besides everything else that runs there, the site has room for ${slots} of its tasks with ${service.memoryMiB} MiB and ${service.cpuUnits} CPU units each; lower their number, memory or CPU units, or add a node`,
        };
      }
    }
  }
}

function candidatesAt(
  { services, jobs }: Config,
  site: string,
  resolved: ResolvedSite,
): readonly Candidate[] {
  const running = Object.entries(services)
    .filter(([, service]) => hasTasksAt(service, site))
    .map(([name, service]) => ({
      path: ["services", name],
      on: service.on,
      ...demandOf(service),
      certain: fillsItsNodes(service, site, resolved),
    }));
  const starting = Object.entries(jobs)
    .filter(([, job]) => job.site === site)
    .map(([name, job]) => ({ path: ["jobs", name], on: job.on, ...demandOf(job), certain: false }));
  return [...running, ...starting];
}

/** All tasks that certainly run there must fit together, and each of the others besides these. */
function problemsOn(node: string, { capacity, model }: Node, demands: readonly Candidate[]): Problem[] {
  if (capacity === undefined) {
    return [];
  }
  const units = { memoryMiB: "MiB of memory", cpuUnits: "CPU units" } as const;
  return (Object.keys(units) as (keyof typeof units)[]).flatMap((unit) => {
    const certain = demands.filter((demand) => demand.certain);
    const taken = certain.reduce((sum, demand) => sum + demand[unit], 0);
    const tooMuch = certain.length > 0 && taken > capacity[unit];
    const last = certain.at(-1);
    const unfit = demands.filter((demand) => !demand.certain && demand[unit] + taken > capacity[unit]);
    return [...(tooMuch && last !== undefined ? [last] : unfit)].map(({ path, ...demand }) => {
      const others = taken - (demand.certain ? demand[unit] : 0);
      const beside = others === 0 ? "" : `, of which other services take ${others}`;
      return {
        path: [...path, unit],
        message:
          `doesn't fit node ${node}${model === undefined ? "" : ` (${model})`}: a task needs ${demand[unit]} ${units[unit]} in all, and the node has ` +
          `${capacity[unit]} for tasks${beside}; lower this, or choose a larger size`,
      };
    });
  });
}
