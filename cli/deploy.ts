import { approval, askForApproval, type ApprovalOptions } from "./approval";
import { refuseMovedSites } from "./checks/moved-sites";
import { prepare } from "./deployment";
import { eachStack } from "./each-stack";
import { refuseToForgetSites } from "./forgotten-sites";
import { withPlan } from "./plan";
import { missingInput } from "./readiness";
import { Refusal } from "./refusal";
import { refuseReplacements } from "./replaced-nodes";
import { isComputeStack } from "./stacks";

export interface DeployOptions extends ApprovalOptions {
  /** Whether more than one node of a site may be replaced at the same time. */
  readonly allAtOnce?: boolean;
}

/**
 * Applies the stacks with these ids (all, when there are none), each after those it depends on.
 *
 * @throws {Refusal} before anything is changed when a deployed site has left the config; before anything of its
 * stack is changed when several nodes of a site would be replaced.
 */
export async function deploy(ids: readonly string[], options: DeployOptions): Promise<number> {
  const { autoApprove = false, allAtOnce = false } = options;
  const approved = approval(options);
  const { deployment, selected } = await prepare(process.env, { name: "deploy", changes: true }, ids);
  const { terraform } = deployment;
  await refuseToForgetSites(deployment);
  await refuseMovedSites(deployment);
  await eachStack(selected, async (stack) => {
    const missing = await missingInput(stack, deployment);
    if (missing !== undefined) {
      throw new Refusal(
        `${stack.id} can't be deployed yet: ${missing}. Deploy that first, or all: "npm run deploy".`,
      );
    }
    const mayReplace = isComputeStack(stack) && (await terraform.state(stack.folder)).resources > 0;
    if (!mayReplace || allAtOnce) {
      return terraform.run(stack.folder, ["apply", ...approved]);
    }
    return withPlan(terraform, stack.folder, async ({ file, changes, json }) => {
      refuseReplacements(stack, await json());
      if (changes && !autoApprove) {
        await askForApproval(`Do you want to apply this plan to ${stack.id}?`);
      }
      return terraform.run(stack.folder, ["apply", file]);
    });
  });
  return 0;
}
