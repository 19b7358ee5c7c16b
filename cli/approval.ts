import { Refusal } from "./refusal";

export interface ApprovalOptions {
  readonly autoApprove?: boolean;
}

/**
 * Terraform's arguments for approving its plans: by the user, or all in advance.
 *
 * @throws {Refusal} when there is nobody to ask.
 */
export function approval({ autoApprove = false }: ApprovalOptions): readonly string[] {
  if (!autoApprove && !process.stdin.isTTY) {
    throw new Refusal("There is no terminal to approve Terraform's plans at: add --auto-approve.");
  }
  return autoApprove ? ["-input=false", "-auto-approve"] : [];
}
