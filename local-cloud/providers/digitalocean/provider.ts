import { certificateType } from "./certificate";
import { createClient, type DigitalOceanConnection } from "./client";
import { dropletsSource, dropletType } from "./droplet";
import { firewallType } from "./firewall";
import { loadBalancerType } from "./load-balancer";
import type { Provider } from "../resource-type";
import { tagType } from "./tag";
import { vpcSource, vpcType } from "./vpc";

export type { DigitalOceanConnection };

/**
 * Stand-in for digitalocean/digitalocean. It calls the API that it was started with, and keeps nothing itself. Source
 * of everything beyond the published schemas: the provider's documentation and its observed behaviour.
 */
export function digitaloceanProvider(connection: DigitalOceanConnection): Provider {
  const client = createClient(connection);
  return {
    address: "registry.terraform.io/digitalocean/digitalocean",
    resources: {
      digitalocean_certificate: certificateType(client),
      digitalocean_droplet: dropletType(client),
      digitalocean_firewall: firewallType(client),
      digitalocean_loadbalancer: loadBalancerType(client),
      digitalocean_tag: tagType(client),
      digitalocean_vpc: vpcType(client),
    },
    dataSources: {
      digitalocean_droplets: dropletsSource(client),
      digitalocean_vpc: vpcSource(client),
    },
    configure: ({ api_endpoint: endpoint = null }) => {
      if (endpoint !== null && endpoint !== connection.endpoint) {
        throw new Error(
          `The stand-in provider only calls ${connection.endpoint}; leave api_endpoint out of the configuration.`,
        );
      }
    },
  };
}
