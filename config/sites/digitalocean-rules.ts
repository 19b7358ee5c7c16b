import { overlap } from "../addresses";
import type { Problem } from "../problem";
import type { LoadBalancer } from "../services/load-balancer";
import type { DigitalOceanSite } from "./digitalocean-site";
import { leastFreeMiB, sizeOf } from "./droplet-sizes";
import { mostRules, ruleCount } from "./node-firewall";

/** Problems with sites at DigitalOcean, each on its own and all together. */
export function* problemsAtDigitalOcean(
  sites: ReadonlyMap<string, DigitalOceanSite>,
  loadBalancersAt: (site: string) => readonly LoadBalancer[],
): Iterable<Problem> {
  for (const [name, site] of sites) {
    yield* sizeProblems(name, site);
    const rules = ruleCount(site, loadBalancersAt(name));
    if (rules > mostRules) {
      yield {
        path: ["sites", name],
        message: `needs ${rules} firewall rules, and DigitalOcean allows ${mostRules}: use fewer rules in extraEgress, fewer services with load balancers, or fewer ports of internal ones`,
      };
    }
  }
  const vpcs = [...sites].flatMap(([site, { vpc, region }]) =>
    vpc === "default" ? [] : [{ site, region, range: vpc.ipRange }],
  );
  const pathOf = ({ site }: (typeof vpcs)[number]) => ["sites", site, "vpc", "ipRange"];
  for (const vpc of vpcs) {
    if (!privateRanges.some((range) => overlap(vpc.range, range))) {
      const message = `must be within one of the private ranges ${privateRanges.join(", ")}`;
      yield { path: pathOf(vpc), message };
      continue;
    }
    for (const { range, region = vpc.region } of reservedRanges) {
      if (region === vpc.region && overlap(vpc.range, range)) {
        const message = `overlaps with ${range}, which DigitalOcean reserves: choose another`;
        yield { path: pathOf(vpc), message };
      }
    }
  }
  for (const [index, vpc] of vpcs.entries()) {
    const other = vpcs.slice(0, index).find(({ range }) => overlap(vpc.range, range));
    if (other !== undefined) {
      const message = `overlaps with ${other.range} of site ${other.site}: VPCs of one account can't overlap, so choose another range`;
      yield { path: pathOf(vpc), message };
    }
  }
}

/** Sizes whose droplets would refuse to become nodes, once they are paid for. */
function* sizeProblems(site: string, { size, nodes }: DigitalOceanSite): Iterable<Problem> {
  const own = typeof nodes === "number" ? [] : Object.entries(nodes);
  const chosen = [
    { path: ["sites", site, "size"], slug: size },
    ...own.flatMap(([node, { size: slug }]) =>
      slug === undefined ? [] : [{ path: ["sites", site, "nodes", node, "size"], slug }],
    ),
  ];
  for (const { path, slug } of chosen) {
    const { memoryMiB } = sizeOf(slug) ?? {};
    if (memoryMiB !== undefined && memoryMiB <= leastFreeMiB) {
      const message = `has ${memoryMiB} MiB of memory, and a node needs ${leastFreeMiB} MiB that are free: choose a larger size`;
      yield { path, message };
    }
  }
}

// Source: RFC 1918, from which DigitalOcean takes VPCs.
const privateRanges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

/**
 * Reserved by DigitalOcean, in all regions or in one. Source: DigitalOcean, "VPC Limits" and release notes of March
 * 2025.
 */
const reservedRanges = [
  { range: "10.244.0.0/16" },
  { range: "10.245.0.0/16" },
  { range: "10.246.0.0/24" },
  { range: "10.229.0.0/16" },
  { range: "10.10.0.0/16", region: "nyc1" },
];
