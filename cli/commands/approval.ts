import { createInterface } from "node:readline";
import { Interrupted, stopSignals } from "../terraform/child-process";
import { Declined, Refusal } from "../refusals/refusal";

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

/**
 * Asks for approval as Terraform does.
 *
 * @throws {Declined} on any other answer than "yes".
 * @throws {Interrupted} on Ctrl-C and on every other stop signal.
 */
export async function askForApproval(question: string): Promise<void> {
  // Not as a terminal: so Ctrl-C is a signal as any other.
  const input = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  const stops: (() => void)[] = [];
  try {
    const answer = await new Promise<string>((resolve, reject) => {
      for (const signal of stopSignals) {
        const stop = () => {
          reject(new Interrupted(signal));
        };
        process.once(signal, stop);
        stops.push(() => process.off(signal, stop));
      }
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
    stops.forEach((remove) => {
      remove();
    });
    input.close();
  }
}
