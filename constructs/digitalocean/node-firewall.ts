import { Firewall } from "@cdktf/provider-digitalocean/lib/firewall";
import { Construct } from "constructs";
import type { LoadBalancer } from "../../config/services/load-balancer";
import type { DigitalOceanSite } from "../../config/sites/digitalocean-site";
import { egress, furtherPorts } from "../../config/sites/node-firewall";

/** Props of {@link NodeFirewall}. */
export interface NodeFirewallProps {
  readonly name: string;
  /** Tag of the droplets that it protects. */
  readonly tag: string;
  /** Load balancers, each with the only port that it may connect to. */
  readonly entrances: readonly {
    readonly port: number;
    readonly loadBalancer: LoadBalancer;
    readonly loadBalancerId: string;
  }[];
  readonly sshFrom: readonly string[];
  readonly extraEgress: DigitalOceanSite["extraEgress"];
}

const anywhere = ["0.0.0.0/0", "::/0"];

/**
 * Admits each load balancer to the tagged droplets, and those who may log in, but nobody else; lets the droplets out to
 * internal load balancers.
 */
export class NodeFirewall extends Construct {
  readonly resource: Firewall;

  constructor(scope: Construct, id: string, props: NodeFirewallProps) {
    super(scope, id);
    const { name, tag, entrances, sshFrom, extraEgress } = props;
    const ssh =
      sshFrom.length === 0 ? [] : [{ protocol: "tcp", portRange: "22", sourceAddresses: [...sshFrom] }];
    this.resource = new Firewall(this, "nodes", {
      name,
      tags: [tag],
      inboundRule: [
        ...entrances.map(({ port, loadBalancerId }) => ({
          protocol: "tcp",
          portRange: String(port),
          sourceLoadBalancerUids: [loadBalancerId],
        })),
        ...ssh,
      ],
      outboundRule: [
        ...egress.map((rule) => ({ ...rule, destinationAddresses: anywhere })),
        ...extraEgress.map(({ protocol, ports, addresses }) => ({
          protocol,
          portRange: ports,
          destinationAddresses: [...addresses],
        })),
        ...internalRules(entrances),
      ],
    });
  }
}

/** One for each port, whichever load balancers listen on it. */
function internalRules(entrances: NodeFirewallProps["entrances"]) {
  const ports = new Map<number, string[]>();
  for (const { loadBalancer, loadBalancerId } of entrances) {
    for (const port of furtherPorts(loadBalancer)) {
      ports.set(port, [...(ports.get(port) ?? []), loadBalancerId]);
    }
  }
  return [...ports].map(([port, destinationLoadBalancerUids]) => ({
    protocol: "tcp",
    portRange: String(port),
    destinationLoadBalancerUids,
  }));
}
