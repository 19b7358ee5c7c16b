import { Firewall } from "@cdktf/provider-digitalocean/lib/firewall";
import { Construct } from "constructs";
import type { DigitalOceanSite } from "../../config/sites/digitalocean-site";

/** Props of {@link NodeFirewall}. */
export interface NodeFirewallProps {
  readonly name: string;
  /** Tag of the droplets that it protects. */
  readonly tag: string;
  /** Ports that only a load balancer may connect to. */
  readonly entrances: readonly { readonly port: number; readonly loadBalancerId: string }[];
  readonly sshFrom: readonly string[];
  readonly extraEgress: DigitalOceanSite["extraEgress"];
}

const anywhere = ["0.0.0.0/0", "::/0"];
/** What a node needs: both clouds' APIs and packages, package lists, names, the time. */
const egress = [
  { protocol: "tcp", portRange: "443" },
  { protocol: "tcp", portRange: "80" },
  { protocol: "tcp", portRange: "53" },
  { protocol: "udp", portRange: "53" },
  { protocol: "udp", portRange: "123" },
];

/** Lets each load balancer in to the tagged droplets, who may log in, and nobody else. */
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
      ],
    });
  }
}
