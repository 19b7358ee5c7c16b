import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Refusal } from "../refusals/refusal";
import { changesToldBy } from "./changes";
import type { Stack } from "./stacks";
import type { PlanJson, Showing, Terraform } from "./terraform";

/** A plan of a stack. */
export interface Plan {
  readonly stack: Stack;
  /** Where `terraform apply` finds it. */
  readonly file: string;
  readonly changes: boolean;
  /** If it changes anything: in Terraform's words, such as "1 to add, 0 to change, 0 to destroy". */
  readonly summary: string;
  /** Its contents; nothing when it changes nothing. */
  readonly json: () => Promise<PlanJson>;
  /** To be called as soon as it is no longer needed. */
  readonly remove: () => void;
}

/** Terraform failed, and told its user why. */
export class TerraformFailed extends Refusal {
  /**
   * @param left the remaining work and how to do it, if known.
   * @param passable whether stacks that wait for this one may continue all the same.
   */
  constructor(
    readonly exitCode: number,
    left = "",
    readonly passable = false,
  ) {
    super(`Terraform ended with exit code ${exitCode}; see the reason above. ${left}`.trimEnd());
  }
}

/** Folders of plans that are still there. */
const folders = new Set<string>();
const removeFolder = (folder: string) => {
  rmSync(folder, { recursive: true, force: true });
  folders.delete(folder);
};
process.once("exit", () => {
  folders.forEach(removeFolder);
});

/**
 * Plans a stack; what is applied is exactly this plan.
 *
 * @param options further options of Terraform.
 * @throws {TerraformFailed} when it can't make the plan.
 */
export async function makePlan(
  terraform: Terraform,
  stack: Stack,
  options: readonly string[] = [],
  showing: Showing = "together",
): Promise<Plan> {
  // It holds secrets in plain text, so its folder is private, and it stays no longer than needed.
  const folder = mkdtempSync(join(tmpdir(), "anywhere-plan-"));
  folders.add(folder);
  const file = join(folder, "plan");
  const args = ["plan", "-input=false", "-detailed-exitcode", `-out=${file}`, ...options];
  let summary = "only outputs change";
  const exitCode = await terraform.run(stack, args, showing, (line) => {
    summary = changesToldBy(line) ?? summary;
  });
  if (exitCode !== 0 && exitCode !== 2) {
    throw new TerraformFailed(exitCode);
  }
  return {
    stack,
    file,
    changes: exitCode === 2,
    summary,
    json: () => (exitCode === 2 ? terraform.showPlan(stack.folder, file) : Promise.resolve({})),
    remove: () => {
      removeFolder(folder);
    },
  };
}
