import { overlap } from "../addresses";
import type { Problem } from "../problem";
import type { DigitalOceanSite } from "./digitalocean-site";

/** What is wrong with sites at DigitalOcean, each by itself and all together. */
export function problemsAtDigitalOcean(sites: ReadonlyMap<string, DigitalOceanSite>): Problem[] {
  const vpcs = [...sites].flatMap(([site, { vpc }]) =>
    vpc === "default" ? [] : [{ site, range: vpc.ipRange }],
  );
  const overlaps = vpcs.flatMap(({ site, range }, index) => {
    const other = vpcs.slice(0, index).find((vpc) => overlap(range, vpc.range));
    return other === undefined
      ? []
      : [
          {
            path: ["sites", site, "vpc", "ipRange"],
            message: `overlaps with ${other.range} of site ${other.site}: the VPCs of an account must not`,
          },
        ];
  });
  return [...[...sites].flatMap(([name, site]) => rangeProblems(name, site)), ...overlaps];
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
  if (!privateRanges.some((range) => overlap(vpc.ipRange, range))) {
    return [{ path, message: `must be a part of one of the private ranges ${privateRanges.join(", ")}` }];
  }
  return reservedRanges
    .filter(({ range, region = ofSite }) => region === ofSite && overlap(vpc.ipRange, range))
    .map(({ range }) => ({
      path,
      message: `overlaps with ${range}, which DigitalOcean keeps for itself: choose another`,
    }));
}
