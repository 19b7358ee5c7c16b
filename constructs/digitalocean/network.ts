import { Vpc } from "@cdktf/provider-digitalocean/lib/vpc";
import { Construct } from "constructs";
import type { DigitalOceanSite } from "../../config/schema";

/** Props of {@link Network}. */
export interface NetworkProps {
  readonly name: string;
  readonly region: string;
  readonly vpc: DigitalOceanSite["vpc"];
}

/**
 * Where droplets and load balancer meet. By default the region's default VPC, which the site doesn't own:
 * the first VPC of a region becomes its default and can never be deleted.
 */
export class Network extends Construct {
  /** Undefined stands for the region's default. */
  readonly vpcUuid: string | undefined;

  constructor(scope: Construct, id: string, { name, region, vpc }: NetworkProps) {
    super(scope, id);
    this.vpcUuid =
      vpc === "default" ? undefined : new Vpc(this, "nodes", { name, region, ipRange: vpc.ipRange }).id;
  }
}
