import { DigitaloceanProvider } from "@cdktf/provider-digitalocean/lib/provider";
import { Tag } from "@cdktf/provider-digitalocean/lib/tag";
import type { Construct } from "constructs";
import { dropletTags } from "../../config/names";
import { entrancesAt } from "../../config/services/entrances";
import { dropletPower, Droplets } from "../../constructs/digitalocean/droplets";
import { LoadBalancer } from "../../constructs/digitalocean/load-balancer";
import { Network } from "../../constructs/digitalocean/network";
import { NodeFirewall } from "../../constructs/digitalocean/node-firewall";
import { replacingNode } from "../../constructs/node/replacement";
import { byName, objectPerInstance, StackOutputs, text } from "../outputs";
import type { ProjectStack } from "../project-stack";
import { ComputeStack, type ComputeProps } from "./compute";

/**
 * Droplets behind load balancers. Tag, load balancers and firewall exist before the first droplet boots and until the
 * last has gone, so that none is ever open, or loses its clients while it drains.
 */
export class DigitalOceanComputeStack extends ComputeStack {
  override readonly internalUrl: (reader: ProjectStack) => (service: string) => string;

  constructor(scope: Construct, props: ComputeProps) {
    super(scope, props);
    new DigitaloceanProvider(this, "digitalocean");
    const { config, site: siteName } = this;
    const site = this.settings("digitalocean");
    const { region } = site;
    const name = this.names.site(siteName);

    const network = new Network(this, "network", { name, region, vpc: site.vpc });
    const tag = new Tag(this, "nodes", { name });
    const entrances = entrancesAt(config.services, props.sites, siteName).map((entrance) => ({
      ...entrance,
      built: new LoadBalancer(this, `entrance-${entrance.service}`, {
        name: this.names.loadBalancer(siteName, entrance.service),
        region,
        network,
        tag: tag.id,
        entrance,
      }),
    }));
    const firewall = new NodeFirewall(this, "protection", {
      name,
      tag: tag.id,
      entrances: entrances.map(({ http, loadBalancer, built }) => ({
        port: http.port,
        loadBalancer,
        loadBalancerId: built.resource.id,
      })),
      sshFrom: site.ssh.allowFrom,
      extraEgress: site.extraEgress,
    });

    const { set, life, activationId, activationCode } = this.addNodes<"size" | "image">(replacingNode);
    const droplets = new Droplets(this, "droplets", {
      name: this.names.node(siteName, set.key),
      site: siteName,
      region,
      vpcUuid: network.vpcUuid,
      nodes: set,
      tags: [tag.id, ...dropletTags(config)],
      sshKeys: site.ssh.keys,
      dependsOn: [firewall.resource, life.guard()],
      generation: life.generation,
      settings: {
        NAME: config.name,
        SITE: siteName,
        NODE: set.key,
        GENERATION: set.get("generation"),
        CLUSTER: this.names.cluster,
        AWS_REGION: config.aws.region,
        SIGNING_KEY: config.installer.signingKey,
        ATTRIBUTES: set.get("attributes"),
        ACTIVATION_ID: activationId,
        ACTIVATION_CODE: activationCode,
        // The gate notices that, and the machine needs no permission for it.
        ON_FAILURE: "power-off",
      },
    });
    const deregistration = life.deregistration(droplets.resource, "id", [droplets.resource]);
    life.gate(deregistration, {
      id: set.attribute(droplets.resource, "id"),
      library: dropletPower,
      created: set.attribute(droplets.resource, "created_at"),
      precondition: droplets.onlyOne(siteName),
    });

    const ofEach = <T>(value: (built: LoadBalancer) => T, network?: "public") =>
      Object.fromEntries(
        entrances
          .filter(({ loadBalancer }) => network === undefined || loadBalancer.network === network)
          .map(({ service, built }) => [service, value(built)] as const),
      );
    const outputs = new StackOutputs(this, {
      kind: text("Kind of the site.", site.kind),
      region: text("DigitalOcean region of the site.", site.region),
      load_balancer_ips: byName(
        "Address of each service's load balancer.",
        ofEach(({ resource }) => resource.ip),
      ),
      urls: byName(
        "Where clients connect to, by service.",
        ofEach(({ urls }) => urls, "public"),
      ),
      internal_urls: byName(
        "Where the site's containers find each internal service.",
        Object.fromEntries(
          entrances.flatMap(({ service, built: { internalUrl } }) =>
            internalUrl === undefined ? [] : [[service, internalUrl]],
          ),
        ),
      ),
      nodes: objectPerInstance("The nodes by name.", deregistration, (node, instance) => ({
        machine_id: droplets.of(node, "id"),
        public_ipv4: droplets.of(node, "ipv4_address"),
        private_ipv4: droplets.of(node, "ipv4_address_private"),
        ...life.remembered(instance),
      })),
    });
    this.internalUrl = (reader) => outputs.readBy(reader).internal_urls;
  }
}
