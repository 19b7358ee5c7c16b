import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PlanJson, Terraform } from "./terraform";

/** A plan of a stack. */
export interface Plan {
  /** Where `terraform apply` finds it. */
  readonly file: string;
  readonly changes: boolean;
  /** What is in it. */
  readonly json: () => Promise<PlanJson>;
}

/** How a stack is planned. */
export interface PlanOptions {
  /** More of Terraform's options. */
  readonly options?: readonly string[];
  /** Whether the user sees nothing of it. */
  readonly silently?: boolean;
}

/**
 * Plans the stack in a folder, and lets something be done with exactly this plan.
 *
 * @returns Terraform's exit code when it can't make the plan, and otherwise what `use` returns.
 */
export async function withPlan(
  terraform: Terraform,
  folder: string,
  use: (plan: Plan) => Promise<number>,
  { options = [], silently = false }: PlanOptions = {},
): Promise<number> {
  // It holds secrets in plain text: in a folder that nobody else may enter, and no longer than it is needed.
  const directory = mkdtempSync(join(tmpdir(), "anywhere-plan-"));
  try {
    const file = join(directory, "plan");
    const args = ["plan", "-input=false", "-detailed-exitcode", `-out=${file}`, ...options];
    const exitCode = await (silently ? terraform.runSilently(folder, args) : terraform.run(folder, args));
    if (exitCode !== 0 && exitCode !== 2) {
      return exitCode;
    }
    return await use({
      file,
      changes: exitCode === 2,
      json: () => terraform.showPlan(folder, file),
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
