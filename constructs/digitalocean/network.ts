import { join } from "node:path";
import { DataDigitaloceanVpc } from "@cdktf/provider-digitalocean/lib/data-digitalocean-vpc";
import { Vpc } from "@cdktf/provider-digitalocean/lib/vpc";
import { Resource as NullResource } from "@cdktf/provider-null/lib/resource";
import { Construct } from "constructs";
import type { DigitalOceanSite } from "../../config/sites/digitalocean-site";
import { Script } from "../script/script";

/** Props of {@link Network}. */
export interface NetworkProps {
  readonly name: string;
  readonly region: string;
  readonly vpc: DigitalOceanSite["vpc"];
}

/** The network of droplets and load balancers: the region's default VPC, or the site's own. */
export class Network extends Construct {
  /** Undefined stands for the region's default. */
  readonly vpcUuid: string | undefined;
  /** Replaced with the choice of a network: an id that is left out, for the default, changes nothing that exists. */
  readonly choice: NullResource;

  constructor(scope: Construct, id: string, props: NetworkProps) {
    super(scope, id);
    const { vpc } = props;
    this.choice = new NullResource(this, "network", {
      triggers: { vpc: vpc === "default" ? vpc : vpc.ipRange },
    });
    this.vpcUuid = vpc === "default" ? undefined : this.ownVpc(props, vpc.ipRange).id;
  }

  /**
   * The first VPC of a region becomes its default, and a default is never deleted. So the plan fails where the region
   * has none yet, and a destroy says what to do with one that has become the default since.
   */
  private ownVpc({ name, region }: NetworkProps, ipRange: string): Vpc {
    const regionsDefault = new DataDigitaloceanVpc(this, "default", { region });
    const script = new Script(this, join(__dirname, "refuse-default-vpc.sh"));
    return new Vpc(this, "nodes", {
      name,
      region,
      ipRange,
      dependsOn: [regionsDefault],
      // Load balancers and droplets that are being deleted keep it for a while.
      timeouts: { delete: "5m" },
      provisioners: [
        script.run(
          {
            IS_DEFAULT: "${self.default}",
            VPC_ID: "${self.id}",
            VPC_NAME: "${self.name}",
            REGION: "${self.region}",
          },
          "destroy",
        ),
      ],
    });
  }
}
