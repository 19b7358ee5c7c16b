import type { PrivateNetwork } from "../../private-network";
import type { Account } from "../account";
import { machineName } from "../machine-name";
import type { Droplet, LoadBalancer } from "../state";
import { mayCall } from "./reachability";

/** The internal load balancers of each droplet's VPC, at their addresses, as far as its firewalls let it out. */
export function privateNetwork({ world, balancers }: Account): PrivateNetwork {
  const { droplets, loadBalancers } = world.digitalocean;
  const dropletOf = (machine: string): Droplet | undefined =>
    [...droplets.values()].find((droplet) => machineName(droplet) === machine);
  const internalOf = (droplet: Droplet): readonly LoadBalancer[] =>
    [...loadBalancers.values()].filter(
      ({ settings }) => settings.network === "INTERNAL" && settings.vpc_uuid === droplet.vpcId,
    );
  const addressesOf = ({ ip, settings }: LoadBalancer): string[] =>
    settings.forwarding_rules.map(({ entry_port: port }) => `${ip}:${port}`);
  return {
    addresses: (machine) => {
      const droplet = dropletOf(machine);
      return droplet === undefined ? [] : internalOf(droplet).flatMap(addressesOf);
    },
    open: (machine, address) => {
      const droplet = dropletOf(machine);
      const found = droplet && internalOf(droplet).find((one) => addressesOf(one).includes(address));
      const port = Number(address.split(":")[1]);
      const balancer = droplet && found && mayCall(world, droplet, found, port) && balancers.get(found.id);
      return balancer ? (connection) => balancer.accept(port, connection, droplet.privateIp) : undefined;
    },
  };
}
