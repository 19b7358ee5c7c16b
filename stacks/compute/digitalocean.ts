import { DigitaloceanProvider } from "@cdktf/provider-digitalocean/lib/provider";
import { Tag } from "@cdktf/provider-digitalocean/lib/tag";
import type { Construct } from "constructs";
import { healthTimes } from "../../config/health";
import { dropletTags } from "../../config/names";
import { dropletsOf } from "../../config/nodes";
import type { Config, DigitalOceanSite } from "../../config/schema";
import { Droplets } from "../../constructs/digitalocean/droplets";
import { PublicLoadBalancer } from "../../constructs/digitalocean/load-balancer";
import { Network } from "../../constructs/digitalocean/network";
import { NodeFirewall } from "../../constructs/digitalocean/node-firewall";
import { replacingNode } from "../../constructs/node/replacement";
import { ComputeStack } from "./compute";
import type { ActivationsOutputs } from "../activations";
import { objectPerInstance, StackOutputs, text, texts } from "../outputs";

/**
 * Droplets behind a load balancer. Tag, load balancer and firewall stand before the first droplet boots and
 * until the last has gone, so that none is ever open, or loses its clients while it drains.
 */
export class DigitalOceanComputeStack extends ComputeStack {
  readonly outputs;

  constructor(
    scope: Construct,
    config: Config,
    siteName: string,
    site: DigitalOceanSite,
    activations: ActivationsOutputs,
  ) {
    super(scope, config, siteName, activations);
    new DigitaloceanProvider(this, "digitalocean");
    const { application } = config;
    const { region } = site;
    const name = this.names.site(siteName);

    const { vpcUuid, choice } = new Network(this, "network", { name, region, vpc: site.vpc });
    const tag = new Tag(this, "nodes", { name });
    const entrance = new PublicLoadBalancer(this, "entrance", {
      name,
      region,
      vpcUuid,
      network: choice,
      tag: tag.id,
      settings: site.loadBalancer,
      port: application.port,
      healthPath: application.health.path,
      health: healthTimes(application.health).loadBalancer,
    });
    const firewall = new NodeFirewall(this, "protection", {
      name,
      tag: tag.id,
      port: application.port,
      loadBalancerId: entrance.resource.id,
      sshFrom: site.ssh.allowFrom,
      extraEgress: site.extraEgress,
    });

    const { set, life, activationId, activationCode } = this.addNodes(
      dropletsOf({ deployment: config.name, site: siteName }, site),
      replacingNode,
    );
    const droplets = new Droplets(this, "droplets", {
      name: this.names.node(siteName, set.key),
      site: siteName,
      region,
      vpcUuid,
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
      },
    });
    const deregistration = life.deregistration(droplets.resource, "id", [droplets.resource]);
    life.gate(deregistration, {
      created: set.attribute(droplets.resource, "created_at"),
      precondition: droplets.onlyOne(siteName),
    });

    this.outputs = new StackOutputs(this, {
      kind: text("Kind of the site.", site.kind),
      region: text("DigitalOcean region of the site.", site.region),
      load_balancer_ip: text("Public address of the load balancer.", entrance.resource.ip),
      urls: texts("Where clients connect to.", entrance.urls),
      nodes: objectPerInstance("The nodes by name.", deregistration, (node) => ({
        droplet_id: droplets.of(node, "id"),
        public_ipv4: droplets.of(node, "ipv4_address"),
        private_ipv4: droplets.of(node, "ipv4_address_private"),
        ...life.remembered(),
      })),
    });
  }
}
