import type { LoadedEnvironment } from "../../config/load";
import type { Label } from "../terraform/label";
import type { Stack } from "../terraform/stacks";
import type { Terraform } from "../terraform/terraform";

/** The context of every command. */
export interface Deployment {
  readonly environment: LoadedEnvironment;
  /** In the order in which they are deployed. */
  readonly stacks: readonly Stack[];
  readonly terraform: Terraform;
  /** Labels output with its stack. */
  readonly label: Label;
}
