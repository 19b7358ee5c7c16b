import { join } from "node:path";
import { DataDigitaloceanDroplets } from "@cdktf/provider-digitalocean/lib/data-digitalocean-droplets";
import { Droplet } from "@cdktf/provider-digitalocean/lib/droplet";
import { dependable } from "cdktf";
import type { ITerraformDependable, Precondition, TerraformResource } from "cdktf";
import { Construct } from "constructs";
import { addressOf, objectOf } from "../expressions";
import type { Instances } from "../instances";
import { replacingNode } from "../node/replacement";
import { Script } from "../script/script";
import { DropletDrift, reportedOnly } from "./droplet-drift";

const scripts = join(__dirname, "../node");
/** The script with which a node's gate checks whether the droplet is on. */
export const dropletPower = join(__dirname, "droplet-power.sh");
/** The script of a node's first boot, after its parts. */
const bootstrap = ["identity", "machine-checks", "proxies", "bootstrap"];

/** Props of {@link Droplets}. */
export interface DropletsProps {
  /** Name of the droplet of the node at hand. */
  readonly name: string;
  /** Name of the site, as in the configuration and our commands. */
  readonly site: string;
  readonly region: string;
  readonly vpcUuid: string | undefined;
  readonly nodes: Instances<"size" | "image" | "generation">;
  /** The site's own first. */
  readonly tags: readonly [string, ...string[]];
  readonly sshKeys: readonly string[];
  /** Resources that must exist before the first droplet boots, and until the last is deleted. */
  readonly dependsOn: ITerraformDependable[];
  /** Replaces the droplet of the same node. */
  readonly generation: TerraformResource;
  /** Environment of bootstrap.sh: constants, or values of the node at hand. */
  readonly settings: Readonly<Record<string, string>>;
}

/** One droplet per node, which registers itself at first boot and is replaced when its generation changes. */
export class Droplets extends Construct {
  readonly resource: Droplet;
  /** Every droplet with the site's tag. */
  private readonly all: DataDigitaloceanDroplets;
  private readonly nodes: Instances<"size" | "image" | "generation">;

  constructor(scope: Construct, id: string, props: DropletsProps) {
    super(scope, id);
    const { name, site, region, vpcUuid, nodes, tags, sshKeys, dependsOn, generation, settings } = props;
    const userData = new Script(this, join(scripts, "user-data.sh.tftpl"));
    const parts = bootstrap.map(
      (part) => `file("${new Script(this, join(scripts, `${part}.sh`)).location}")`,
    );
    const variables = `{"settings" = ${objectOf(settings)}, "scripts" = [${parts.join(", ")}]}`;
    this.resource = new Droplet(this, "node", {
      forEach: nodes.forEach,
      dependsOn,
      name,
      region,
      vpcUuid,
      size: nodes.get("size"),
      image: nodes.get("image"),
      tags: [...tags],
      sshKeys: sshKeys.length === 0 ? undefined : [...sshKeys],
      userData: `\${templatefile("${userData.location}", ${variables})}`,
      // The provider's defaults are an hour, and a minute for a droplet that is locked by an action.
      timeouts: { create: "10m", update: "10m", delete: "10m" },
      lifecycle: {
        // Only a new generation may replace a node, or power it off. The configuration's changes come with a
        // generation; a new activation, script or SSH key concerns the next incarnation; and changes outside Terraform
        // are reported, not undone. Name and tags are changed in place.
        ignoreChanges: [
          "user_data",
          "ssh_keys",
          "region",
          "vpc_uuid",
          "image",
          "droplet_agent",
          ...reportedOnly,
        ],
        replaceTriggeredBy: [nodes.reference(generation)],
      },
    });
    this.nodes = nodes;
    new DropletDrift(this, "drift", { site, nodes, droplets: this.resource });
    this.all = new DataDigitaloceanDroplets(this, "all", {
      filter: [{ key: "tags", values: [tags[0]] }],
      dependsOn: [this.resource],
    });
  }

  /**
   * Requires that DigitalOcean has no other droplet with the name of this node's: the provider repeats a request whose
   * answer was lost, and the droplet of the first one is in no state, may have registered, and costs money.
   */
  onlyOne(site: string): Precondition {
    const droplet = this.nodes.reference(this.resource);
    const ids = `[for one in ${dependable(this.all)}.droplets : one.id if one.name == ${droplet}.name]`;
    return {
      condition: `\${alltrue([for id in ${ids} : tostring(id) == ${droplet}.id])}`,
      errorMessage:
        `DigitalOcean has several droplets named \${${droplet}.name}: \${join(", ", ${ids})}. ` +
        `Only \${${droplet}.id} is in Terraform's state: delete the others and ` +
        `${replacingNode(site, this.nodes.key)}: the one that is deleted may be the one that registered.`,
    };
  }

  /** An attribute of the droplet of a node, which an expression names. */
  of(node: string, attribute: string): string {
    return `\${${addressOf(this.resource)}[${node}].${attribute}}`;
  }
}
