import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { DeploymentLock } from "../../checkout/lock";
import type { LoadedEnvironment } from "../../config/load";
import { namesOf } from "../../config/names";
import type { Config } from "../../config/schema";
import { Refusal } from "./refusal";
import { readStackJson, type Stack } from "../terraform/stacks";
import {
  backendBlock,
  describePlace,
  rememberedBackend,
  type BackendBlock,
} from "../terraform/backend-block";
import { terraformIn } from "../terraform/shown-command";
import { terraformBinary, type Proof } from "../terraform/terraform";

/** The contents of every stack's output `deployment`. */
export interface DeploymentIdentity {
  readonly name: string;
  readonly account: string;
  readonly region: string;
}

/** As an environment's file sets it now. */
export function identityIn({ name, aws: { accountId, region } }: Config): DeploymentIdentity {
  return { name, account: accountId, region };
}

/**
 * Proves, before each run of Terraform in the folder of one of these stacks, that it will read this deployment there:
 * its name, and the place of its state. Anybody may have written there since the synthesis.
 *
 * @throws {Refusal} from the proof.
 */
export function ownStacks(
  { config, file }: LoadedEnvironment,
  stacks: readonly Stack[],
  lock: DeploymentLock,
  variables: NodeJS.ProcessEnv,
): Proof {
  return (folder, args) => {
    if (!lock.isHeld()) {
      throw new Refusal(
        `Another command took over ${config.name} while this one was stopped: see what it does, and run this one again.`,
      );
    }
    const stack = stacks.find((one) => one.folder === folder);
    if (stack === undefined) {
      return;
    }
    const expected = describePlace(backendBlock(config.backend, namesOf(config).state(stack.id)), folder);
    const { terraform, output } = readStackJson(join(folder, "cdk.tf.json"));
    const written = output?.["deployment"]?.value;
    if (!isDeepStrictEqual(written, identityIn(config)) || describePlace(terraform, folder) !== expected) {
      throw new Refusal(
        `${folder} no longer holds ${stack.id} of ${config.name} (${file}), but a stack that somebody else has ` +
          `synthesised: ${JSON.stringify(written)}, with its state in ${describePlace(terraform, folder)}. Run this command again.`,
      );
    }
    const [command = ""] = args;
    refuseWorkspaces(terraform, folder, variables);
    const remembered = command === "init" ? undefined : rememberedBackend(folder);
    if (remembered !== undefined && describePlace(remembered, folder) !== expected) {
      throw new Refusal(
        `${folder} was initialised for another state, ${describePlace(remembered, folder)}: run ` +
          `"${terraformIn(folder, terraformBinary(variables))} init -reconfigure", without -backend-config, for ${expected}.`,
      );
    }
  };
}

/** A workspace of another name is another state, and so another deployment under the same names. */
function refuseWorkspaces({ cloud }: BackendBlock, folder: string, variables: NodeJS.ProcessEnv): void {
  const chosen = variables["TF_WORKSPACE"] ?? "";
  const own = cloud?.workspaces.name ?? "default";
  if (chosen !== "" && chosen !== own) {
    throw new Refusal(`TF_WORKSPACE is ${chosen}, and the state is in the workspace ${own}: unset it.`);
  }
  const file = join(folder, ".terraform", "environment");
  const selected = existsSync(file) ? readFileSync(file, "utf8").trim() : own;
  if (selected !== own) {
    throw new Refusal(
      `In ${folder} the workspace ${selected} is selected, and the state is in ${own}: run ` +
        `"${terraformIn(folder, terraformBinary(variables))} workspace select ${own}".`,
    );
  }
}
