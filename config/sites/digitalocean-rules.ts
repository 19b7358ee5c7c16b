import { overlap, parseRange } from "../addresses";
import type { Problem } from "../problem";
import type { Config, DigitalOceanSite } from "../schema";

/** What is wrong with a site at DigitalOcean by itself. */
export function siteProblems(name: string, site: DigitalOceanSite): Problem[] {
  return [...listenerProblems(name, site), ...rangeProblems(name, site)];
}

/** What is wrong with several sites at DigitalOcean together. */
export function commonProblems({ sites }: Config): Problem[] {
  const vpcs = Object.entries(sites).flatMap(([site, { kind, ...rest }]) =>
    kind === "digitalocean" && "vpc" in rest && rest.vpc !== "default"
      ? [{ site, range: rest.vpc.ipRange }]
      : [],
  );
  return vpcs.flatMap(({ site, range }, index) => {
    const other = vpcs.slice(0, index).find((vpc) => overlapping(range, vpc.range));
    return other === undefined
      ? []
      : [
          {
            path: ["sites", site, "vpc", "ipRange"],
            message: `overlaps with ${other.range} of site ${other.site}: the VPCs of an account must not`,
          },
        ];
  });
}

function listenerProblems(name: string, { loadBalancer: { listeners } }: DigitalOceanSite): Problem[] {
  const problems: Problem[] = [];
  listeners.forEach((listener, index) => {
    const path = ["sites", name, "loadBalancer", "listeners", index];
    if (listeners.findIndex(({ port }) => port === listener.port) !== index) {
      problems.push({
        path: [...path, "port"],
        message: "is taken by another listener: each needs a port of its own",
      });
    }
    // Source: DigitalOcean API Reference, load balancers, redirect_http_to_https: from port 80 to port 443 only.
    if (listener.protocol === "http" && listener.redirectTo !== undefined) {
      const target = listeners.some(({ protocol, port }) => protocol === "https" && port === 443);
      if (listener.port !== 80 || listener.redirectTo !== 443 || !target) {
        problems.push({
          path: [...path, "redirectTo"],
          message:
            "must lead from port 80 to an https listener on port 443: DigitalOcean redirects no other ports",
        });
      }
    }
  });
  return problems;
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

function rangeProblems(name: string, { vpc, region: ofSite }: DigitalOceanSite): Problem[] {
  if (vpc === "default") {
    return [];
  }
  const path = ["sites", name, "vpc", "ipRange"];
  if (!privateRanges.some((range) => overlapping(vpc.ipRange, range))) {
    return [{ path, message: `must be a part of one of the private ranges ${privateRanges.join(", ")}` }];
  }
  return reservedRanges
    .filter(({ range, region = ofSite }) => region === ofSite && overlapping(vpc.ipRange, range))
    .map(({ range }) => ({
      path,
      message: `overlaps with ${range}, which DigitalOcean keeps for itself: choose another`,
    }));
}

function overlapping(one: string, other: string): boolean {
  const [a, b] = [parseRange(one), parseRange(other)];
  return a !== undefined && b !== undefined && overlap(a, b);
}
