import { approval, type ApprovalOptions } from "./approval";
import { refuseNoStates } from "../refusals/no-states";
import { prepare, type Deployment } from "./deployment";
import { afterFailedDestroy } from "../remedies/destroyed-site";
import { consumersOf, eachStack, type StackEnd } from "./each-stack";
import { refuseForgottenStacks } from "../refusals/forgotten-stacks";
import { missingInput } from "../terraform/readiness";
import { Refusal } from "../refusals/refusal";
import { activations, controlPlane, isComputeStack, type Stack } from "../terraform/stacks";

export interface DestroyOptions extends ApprovalOptions {
  /** Whether it is a success that there is no state. */
  readonly ifExists?: boolean;
}

/**
 * Destroys the stacks with these ids (all, when there are none), each before those it depends on.
 *
 * @throws {Refusal} before anything is changed when a stack that stays needs one that would go, or when no state is found.
 */
export async function destroy(ids: readonly string[], options: DestroyOptions): Promise<number> {
  const approved = approval(options);
  const prepared = await prepare(process.env, { name: "destroy", changes: true }, ids);
  const { deployment } = prepared;
  const selected = prepared.selected.toReversed();
  await refuseToStrand(selected, deployment);
  if (options.ifExists !== true) {
    await refuseNoStates(selected, deployment);
  }
  const { terraform } = deployment;
  await eachStack(selected, consumersOf(deployment.stacks), async (stack): Promise<StackEnd> => {
    if ((await terraform.state(stack.folder)).resources === 0) {
      console.error(`${stack.id} holds no resources: nothing to destroy.`);
      return { exitCode: 0 };
    }
    const missing = await missingInput(stack, deployment);
    if (missing !== undefined) {
      // Terraform can't refresh without what is missing, and needn't: its state names all that has to go.
      console.error(`${stack.id} is destroyed as its state knows it, since ${missing}.`);
    }
    const more = missing === undefined ? [] : ["-refresh=false"];
    const exitCode = await terraform.run(stack.folder, ["destroy", ...approved, ...more]);
    return exitCode !== 0 && isComputeStack(stack)
      ? afterFailedDestroy(stack, exitCode, terraform, more)
      : { exitCode };
  });
  return 0;
}

/** A stack that reads a destroyed one's outputs could neither be changed nor be destroyed any more. */
async function refuseToStrand(selected: readonly Stack[], deployment: Deployment): Promise<void> {
  const going = selected.map(({ id }) => id);
  const stranded: string[] = [];
  for (const { id, folder, reads } of deployment.stacks) {
    if (!going.includes(id) && reads.some((producer) => going.includes(producer))) {
      const { resources } = await deployment.terraform.state(folder);
      stranded.push(...(resources > 0 ? [`${id} (resources: ${resources})`] : []));
    }
  }
  if (stranded.length > 0) {
    throw new Refusal(
      `${going.join(", ")} can't be destroyed before what reads its outputs: ${stranded.join(", ")}. ` +
        'Name that too, or destroy all: "npm run destroy".',
    );
  }
  // Nodes of a forgotten site need both, and their stack isn't among those that are looked at above.
  if (going.includes(controlPlane) || going.includes(activations)) {
    await refuseForgottenStacks(deployment);
  }
}
