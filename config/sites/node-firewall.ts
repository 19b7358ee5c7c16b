import type { LoadBalancer } from "../services/load-balancer";
import type { DigitalOceanSite } from "./digitalocean-site";

/** Traffic that a node needs: to both clouds' APIs, package repositories, DNS and NTP. */
export const egress = [
  { protocol: "tcp", portRange: "443" },
  { protocol: "tcp", portRange: "80" },
  { protocol: "tcp", portRange: "53" },
  { protocol: "udp", portRange: "53" },
  { protocol: "udp", portRange: "123" },
] as const;

/** Source: DigitalOcean, "Cloud Firewalls Limits". */
export const mostRules = 50;

/** Ports of an internal load balancer that {@link egress} doesn't open: a firewall also applies within VPC networks. */
export function furtherPorts({ network, listeners }: LoadBalancer): number[] {
  const ports = network === "internal" ? listeners.map(({ port }) => port) : [];
  return ports.filter((port) =>
    egress.every(({ protocol, portRange }) => protocol !== "tcp" || portRange !== String(port)),
  );
}

/** The number of rules in the firewall of a site's nodes, with one for each load balancer and one for SSH. */
export function ruleCount(
  { ssh, extraEgress }: DigitalOceanSite,
  loadBalancers: readonly LoadBalancer[],
): number {
  const ports = new Set(loadBalancers.flatMap(furtherPorts));
  return (
    loadBalancers.length + Math.min(1, ssh.allowFrom.length) + egress.length + extraEgress.length + ports.size
  );
}
