import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import type { TerraformStack } from "cdktf";
import { awsTags } from "../config/names";
import type { Config } from "../config/schema";

/** AWS in the configured region and no account but the configured one, with default tags. */
export function addAwsProvider(stack: TerraformStack, config: Config): void {
  const { region, accountId } = config.aws;
  new AwsProvider(stack, "aws", {
    region,
    allowedAccountIds: [accountId],
    defaultTags: [{ tags: awsTags(config) }],
  });
}
