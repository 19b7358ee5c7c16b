import { createInterface } from "node:readline";
import { Declined, Refusal } from "../refusals/refusal";

export interface ApprovalOptions {
  readonly autoApprove?: boolean;
}

/** @throws {Refusal} when there is no terminal to ask for this approval. */
export function refuseWithoutTerminal(
  { autoApprove = false }: ApprovalOptions,
  what = "Terraform's plans",
): void {
  if (!autoApprove && !process.stdin.isTTY) {
    // npm takes options before -- as its own, and passes them to the script only as variables.
    const taken = process.env["npm_config_auto_approve"] !== undefined;
    throw new Refusal(
      taken
        ? `npm has taken --auto-approve as its own option: write "npm run ${process.env["npm_lifecycle_event"] ?? "deploy"} -- --auto-approve".`
        : `There is no terminal to approve ${what}: add --auto-approve.`,
    );
  }
}

/**
 * Asks the user to approve the plans of stacks, as Terraform does.
 *
 * @throws {Declined} on any other answer than "yes".
 */
export function askForApproval(ids: readonly string[]): Promise<void> {
  const plans = ids.length === 1 ? "this plan to" : `these ${ids.length} plans, to`;
  return confirm(`Do you want to apply ${plans} ${ids.join(", ")}?`);
}

/** Asks a question. @throws {Declined} on any other answer than "yes". */
export async function confirm(question: string): Promise<void> {
  // Not as a terminal, so that Ctrl-C is an ordinary signal.
  const input = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  try {
    const answer = await new Promise<string>((resolve) => {
      input.once("close", () => {
        resolve("");
      });
      input.question(
        `\n${question}\n  Only "yes" will be accepted to approve.\n\n  Enter a value: `,
        resolve,
      );
    });
    if (answer !== "yes") {
      throw new Declined("Not approved: nothing was changed.");
    }
  } finally {
    input.close();
  }
}
