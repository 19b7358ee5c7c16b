import type { LoadBalancer } from "../services/load-balancer";
import type { DigitalOceanSite } from "./digitalocean-site";

/** What a node needs: both clouds' APIs and packages, package lists, names, the time. */
export const egress = [
  { protocol: "tcp", portRange: "443" },
  { protocol: "tcp", portRange: "80" },
  { protocol: "tcp", portRange: "53" },
  { protocol: "udp", portRange: "53" },
  { protocol: "udp", portRange: "123" },
] as const;

/** Source: DigitalOcean, "Cloud Firewalls Limits". */
export const mostRules = 50;

/** Ports of an internal load balancer that {@link egress} keeps nodes from: a firewall is about VPC networks, too. */
export function furtherPorts({ network, listeners }: LoadBalancer): number[] {
  const ports = network === "internal" ? listeners.map(({ port }) => port) : [];
  return ports.filter((port) =>
    egress.every(({ protocol, portRange }) => protocol !== "tcp" || portRange !== String(port)),
  );
}

/** How many rules the firewall of a site's nodes has: one lets each load balancer in, and one those who may log in. */
export function ruleCount(
  { ssh, extraEgress }: DigitalOceanSite,
  loadBalancers: readonly LoadBalancer[],
): number {
  const ports = new Set(loadBalancers.flatMap(furtherPorts));
  return (
    loadBalancers.length + Math.min(1, ssh.allowFrom.length) + egress.length + extraEgress.length + ports.size
  );
}
