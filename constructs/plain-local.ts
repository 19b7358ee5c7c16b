import { TerraformLocal } from "cdktf";
import type { Construct } from "constructs";

/**
 * A local value without expressions: its stack writes it as it is, since CDKTF searches every text three times for
 * tokens.
 */
export class PlainLocal extends TerraformLocal {
  constructor(
    scope: Construct,
    id: string,
    readonly values: Readonly<Record<string, unknown>>,
  ) {
    super(scope, id, {});
  }
}
