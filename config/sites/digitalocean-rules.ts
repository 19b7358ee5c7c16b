import { overlap } from "../addresses";
import type { Problem } from "../problem";
import type { LoadBalancer } from "../services/load-balancer";
import type { DigitalOceanSite } from "./digitalocean-site";
import { mostRules, ruleCount } from "./node-firewall";

/** What is wrong with sites at DigitalOcean, each by itself and all together. */
export function* problemsAtDigitalOcean(
  sites: ReadonlyMap<string, DigitalOceanSite>,
  loadBalancersAt: (site: string) => readonly LoadBalancer[],
): Iterable<Problem> {
  for (const [name, site] of sites) {
    const rules = ruleCount(site, loadBalancersAt(name));
    if (rules > mostRules) {
      yield {
        path: ["sites", name],
        message: `needs ${rules} rules in its firewall, which takes ${mostRules}: lower the rules of extraEgress, the services with load balancers, or the ports of internal ones`,
      };
    }
  }
  const vpcs = [...sites].flatMap(([site, { vpc, region }]) =>
    vpc === "default" ? [] : [{ site, region, range: vpc.ipRange }],
  );
  const pathOf = ({ site }: (typeof vpcs)[number]) => ["sites", site, "vpc", "ipRange"];
  for (const vpc of vpcs) {
    if (!privateRanges.some((range) => overlap(vpc.range, range))) {
      const message = `must be a part of one of the private ranges ${privateRanges.join(", ")}`;
      yield { path: pathOf(vpc), message };
      continue;
    }
    for (const { range, region = vpc.region } of reservedRanges) {
      if (region === vpc.region && overlap(vpc.range, range)) {
        const message = `overlaps with ${range}, which DigitalOcean keeps for itself: choose another`;
        yield { path: pathOf(vpc), message };
      }
    }
  }
  for (const [index, vpc] of vpcs.entries()) {
    const other = vpcs.slice(0, index).find(({ range }) => overlap(vpc.range, range));
    if (other !== undefined) {
      const message = `overlaps with ${other.range} of site ${other.site}: the VPCs of an account must not`;
      yield { path: pathOf(vpc), message };
    }
  }
}

// Source: RFC 1918, from which DigitalOcean takes VPCs.
const privateRanges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

/** Kept by DigitalOcean for itself, in all regions or in one. Source: DigitalOcean, "VPC Limits" and release notes of March 2025. */
const reservedRanges = [
  { range: "10.244.0.0/16" },
  { range: "10.245.0.0/16" },
  { range: "10.246.0.0/24" },
  { range: "10.229.0.0/16" },
  { range: "10.10.0.0/16", region: "nyc1" },
];
