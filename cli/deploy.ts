import { approval, type ApprovalOptions } from "./approval";
import { prepare } from "./deployment";
import { eachStack } from "./each-stack";
import { refuseToForgetSites } from "./forgotten-sites";
import { missingInput } from "./readiness";
import { Refusal } from "./refusal";
import { selectStacks } from "./stacks";

/**
 * Applies the stacks with these ids (all, when there are none), each after those it depends on.
 *
 * @throws {Refusal} before anything is changed when a deployed site has left the config.
 */
export async function deploy(ids: readonly string[], options: ApprovalOptions): Promise<number> {
  const approved = approval(options);
  const deployment = await prepare(process.env);
  const selected = selectStacks(deployment.stacks, ids);
  await refuseToForgetSites(deployment);
  await eachStack(selected, async (stack) => {
    const missing = await missingInput(stack, deployment);
    if (missing !== undefined) {
      throw new Refusal(
        `${stack.id} can't be deployed yet: ${missing}. Deploy that first, or all: "npm run deploy".`,
      );
    }
    return deployment.terraform.run(stack.folder, ["apply", ...approved]);
  });
  return 0;
}
