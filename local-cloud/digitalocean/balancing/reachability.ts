import type { World } from "../../world";
import { contains } from "../ipv4";
import type { Droplet, Firewall, LoadBalancer, Rule } from "../state";

/** The firewalls that guard a droplet, by its tags or by its id. */
export function coveringFirewalls(world: World, droplet: Droplet): readonly Firewall[] {
  return [...world.digitalocean.firewalls.values()].filter(
    ({ tags, dropletIds }) =>
      dropletIds.includes(droplet.id) || tags.some((tag) => droplet.tags.includes(tag)),
  );
}

/** The load balancers that have a droplet behind them. */
export function servingLoadBalancers(world: World, droplet: Droplet): readonly LoadBalancer[] {
  return [...world.digitalocean.loadBalancers.values()].filter(({ settings }) =>
    droplet.tags.includes(settings.tag),
  );
}

/** The droplets behind a load balancer, oldest first: those of its tag that are switched on or could be. */
export function backends(world: World, { settings }: LoadBalancer): readonly Droplet[] {
  return [...world.digitalocean.droplets.values()].filter(
    ({ tags, status }) => status !== "new" && tags.includes(settings.tag),
  );
}

/**
 * Whether a load balancer gets through to a droplet's TCP port. A droplet without a firewall is open; with one or more,
 * everything gets in that any of them admits. Source: DigitalOcean, "How to Configure Firewall Rules".
 */
export function isReachable(
  world: World,
  loadBalancer: LoadBalancer,
  droplet: Droplet,
  port: number,
): boolean {
  const firewalls = coveringFirewalls(world, droplet);
  return (
    firewalls.length === 0 ||
    firewalls.some(({ inbound }) => inbound.some((rule) => isAbout(rule, loadBalancer, port)))
  );
}

/**
 * Whether a droplet gets out to a port of an internal load balancer, in the same way.
 * Source: DigitalOcean, "Cloud Firewalls": they affect public and VPC network traffic.
 */
export function mayCall(world: World, droplet: Droplet, loadBalancer: LoadBalancer, port: number): boolean {
  const firewalls = coveringFirewalls(world, droplet);
  return (
    firewalls.length === 0 ||
    firewalls.some(({ outbound }) => outbound.some((rule) => isAbout(rule, loadBalancer, port)))
  );
}

/** Whether a rule has a TCP port and this load balancer as its peer. */
function isAbout({ protocol, ports, peers }: Rule, { id, ip }: LoadBalancer, port: number): boolean {
  const [first, last = first] = ports.split("-").map(Number);
  const portFits =
    ports === "0" || (first !== undefined && last !== undefined && first <= port && port <= last);
  const peerFits = (peers.load_balancer_uids ?? []).includes(id) || contains(peers.addresses ?? [], ip);
  return protocol === "tcp" && portFits && peerFits;
}
