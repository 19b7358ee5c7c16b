import { keyOf } from "../nodes/node-key";
import { Refusal } from "../refusals/refusal";
import { unknownName } from "../refusals/unknown-name";
import type { Fleet } from "./fleet";

/**
 * The part of a fleet with these names: a site with everything there, a service or a job with the nodes that run it.
 * Without names, the whole fleet.
 *
 * @throws {Refusal} with the known names, when one is unknown.
 */
export function selectFleet(fleet: Fleet, names: readonly string[]): Fleet {
  if (names.length === 0) {
    return fleet;
  }
  const nodes = fleet.sites.flatMap((site) => site.nodes);
  const known = [
    ...fleet.sites.map(({ site }) => site),
    ...new Set(fleet.services.map(({ service }) => service)),
    ...fleet.jobs.map(({ job }) => job),
    ...nodes.map(keyOf),
  ];
  const named = (...own: readonly string[]) => own.some((name) => names.includes(name));
  const unknown = names.filter((name) => !known.includes(name) && !nodes.some(({ node }) => node === name));
  // Only the file says which services there are.
  if (unknown.length > 0 && fleet.unanswered.every(({ source }) => source !== "ECS")) {
    throw new Refusal(unknownName("site, service, job or node", unknown, known));
  }
  return {
    ...fleet,
    sites: fleet.sites
      .map((site) => ({
        ...site,
        nodes: site.nodes.filter(
          (node) =>
            named(site.site, node.node, keyOf(node)) || node.tasks.some(({ of }) => of !== null && named(of)),
        ),
      }))
      .filter(({ site, nodes: left }) => left.length > 0 || named(site)),
    services: fleet.services.filter(({ service, site }) => named(service, site)),
    jobs: fleet.jobs.filter(({ job, site }) => named(job, site)),
    strangers: [],
  };
}
