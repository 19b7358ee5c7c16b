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
    throw new Refusal(`There is no terminal to approve ${what}: add --auto-approve${afterDashes()}.`);
  }
}

/** For those who run a script of npm, which would take the option as its own. */
function afterDashes(): string {
  const { npm_lifecycle_event: script = "" } = process.env;
  return ["deploy", "destroy"].includes(script) ? `, as in "npm run ${script} -- --auto-approve"` : "";
}

/**
 * Asks the user to approve the plans of stacks, as Terraform does.
 *
 * @throws {Declined} on any other answer than "yes".
 */
export function askForApproval(ids: readonly string[]): Promise<void> {
  const plans = ids.length === 1 ? "this plan" : `these ${ids.length} plans`;
  return confirm(`Do you want to apply ${plans} (${ids.join(", ")})?`);
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
