import { TerraformLocal } from "cdktf";
import type { Construct } from "constructs";

/** A local value without expressions, which its stack's synthesizer writes as it is. */
export class PlainLocal extends TerraformLocal {
  constructor(
    scope: Construct,
    id: string,
    readonly values: Readonly<Record<string, unknown>>,
  ) {
    super(scope, id, {});
  }
}
