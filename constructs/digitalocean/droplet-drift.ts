import type { Droplet } from "@cdktf/provider-digitalocean/lib/droplet";
import { dependable, TerraformLocal, TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { addressOf } from "../expressions";
import type { Instances } from "../instances";

/** Props of {@link DropletDrift}. */
export interface DropletDriftProps {
  /** Name of the site, as in the configuration and our commands. */
  readonly site: string;
  readonly nodes: Instances<"size">;
  readonly droplets: Droplet;
}

/**
 * Attributes of a droplet that somebody may change in DigitalOcean's console, and that Terraform must leave alone:
 * undoing a change would replace a node or power it off. All are known in the plan of a new droplet, so that no plan
 * says that a check is yet to come.
 */
export const reportedOnly = ["size", "ipv6", "monitoring", "backups"] as const;

/** Reports in every plan and apply what was changed on a droplet outside Terraform, which leaves it as it is. */
export class DropletDrift extends Construct {
  constructor(scope: Construct, id: string, { site, nodes, droplets }: DropletDriftProps) {
    super(scope, id);
    const wanted = (name: (typeof reportedOnly)[number]): string =>
      name === "size" ? `lower(${nodes.map}[key].size)` : '"false"';
    // A droplet whose creation failed has no values yet.
    const attributes = reportedOnly.map(
      (name) => `${name} = [coalesce(tostring(droplet.${name}), ${wanted(name)}), ${wanted(name)}]`,
    );
    const sentence =
      `\${name} of node ${site}/\${key} is \${values[0]} and should be \${values[1]}: change it back in ` +
      `DigitalOcean's console, or replace the node with \`npm run deploy -- --replace ${site}/\${key}\`.`;
    const differing = `[for name, values in { ${attributes.join(", ")} } : "${sentence}" if values[0] != values[1]]`;
    const drift = new TerraformLocal(
      this,
      "drift",
      `\${flatten([for key, droplet in ${addressOf(droplets)} : ${differing}])}`,
    );
    // A check warns: it changes nothing, and no command's exit status.
    TerraformStack.of(this).addOverride("check.droplets", {
      assert: [
        {
          condition: `\${length(${dependable(drift)}) == 0}`,
          error_message: `Changed outside Terraform, and left as it is:\n\${join("\\n", ${dependable(drift)})}`,
        },
      ],
    });
  }
}
