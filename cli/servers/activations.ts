import { existsSync } from "node:fs";
import { join } from "node:path";
import { outputFolder } from "../../checkout/output-folder";
import type { LoadedEnvironment } from "../../config/load";
import { namesOf } from "../../config/names";
import type { Config } from "../../config/schema";
import { reasonOf } from "../aws/client";
import { lockEnvironment } from "../commands/deployment";
import type { FleetNode } from "../fleet/fleet";
import { gatherFleet } from "../fleet/gather";
import { activationStates } from "../nodes/activation-state";
import { keyOf, type NodeKey } from "../nodes/node-key";
import { Refusal } from "../refusals/refusal";
import { stateElsewhere } from "../refusals/states/state-elsewhere";
import { backendBlock } from "../terraform/backend-block";
import { labelsFor } from "../terraform/label";
import { activations, computeStack, readStackJson } from "../terraform/stacks";
import type { State } from "../terraform/state-file";
import { synthesise } from "../terraform/synthesis";
import { createTerraform } from "../terraform/terraform";
import type { Activation } from "./script";

/** A server's way to become a node: none if it already is one, its activation, or the problem that prevents it. */
export type Admission =
  | { readonly kind: "joined"; readonly message: string }
  | { readonly kind: "activation"; readonly activation: Activation }
  | { readonly kind: "problem"; readonly message: string };

/**
 * The needs of each of these servers, in their order, according to AWS and the state of the activations.
 *
 * @throws {Refusal} when either can't be read.
 */
export async function admissionsOf(
  environment: LoadedEnvironment,
  nodes: readonly NodeKey[],
): Promise<readonly Admission[]> {
  const { config } = environment;
  const fleet = await gatherFleet(config, process.env);
  const unknown = fleet.unanswered.find(({ source }) => source !== "DigitalOcean");
  if (unknown !== undefined) {
    throw new Refusal(`${unknown.source} can't be queried (${unknown.reason}).`);
  }
  const all = fleet.sites.flatMap((site) => site.nodes);
  const known = nodes.map((node) => all.find((one) => one.site === node.site && one.node === node.node));
  const { outputs } = await activationsState(environment);
  const codes = (outputs["activation_codes"] ?? {}) as Readonly<Record<string, string>>;
  const ids = (outputs["activation_ids"] ?? {}) as Readonly<Record<string, string>>;
  const spent = await spentOf(config, Object.values(ids));
  return nodes.map((node, index) => {
    const key = keyOf(node);
    const [id, code] = [ids[key], codes[key]];
    const registered = known[index];
    if (registered !== undefined && isJoined(registered)) {
      return {
        kind: "joined",
        message: `${registered.managedInstance?.id ?? ""} answers, and so does the ECS agent`,
      };
    }
    const renew = `"npm run deploy -- --replace ${key}" creates a new one; then run this again`;
    const problem = (message: string) => ({ kind: "problem", message }) as const;
    if (id === undefined || code === undefined) {
      return problem(`it has no activation yet: "npm run deploy -- ${activations}" creates it`);
    }
    const { managedInstance = null, containerInstance = null } = registered ?? {};
    if (managedInstance !== null) {
      return problem(
        containerInstance?.agentConnected === true
          ? `the file has a change that replaces it: run "npm run deploy -- ${activations} ${computeStack(node.site)}" first`
          : `it is registered as ${managedInstance.id}, whose agents don't answer: restart both on the server ` +
              `(systemctl restart amazon-ssm-agent ecs). If that server is gone, its activation is used up: ${renew}`,
      );
    }
    const reason = spent.get(id)?.spent;
    return reason === undefined
      ? { kind: "activation", activation: { id, code } }
      : problem(`its activation ${id} ${reason}, and no server registered with it is known: ${renew}`);
  });
}

/** With an agent that stays away, joining again would change nothing. */
function isJoined({ managedInstance, containerInstance, generation }: FleetNode): boolean {
  return (
    managedInstance?.pingStatus === "Online" &&
    containerInstance?.agentConnected === true &&
    containerInstance.generation === generation
  );
}

async function spentOf(config: Config, ids: readonly string[]) {
  try {
    return await activationStates(config.aws.region, ids);
  } catch (error) {
    throw new Refusal(`Systems Manager can't be queried for activations (${reasonOf(error)}).`);
  }
}

/**
 * The state of the activations. Read outside the stacks' folders, so that it doesn't wait for a deploy that waits for
 * this very server.
 */
async function activationsState(environment: LoadedEnvironment): Promise<State> {
  const { config } = environment;
  const folder = join(outputFolder(process.env, environment), "stacks", activations);
  if (!existsSync(join(folder, "cdk.tf.json"))) {
    const lock = await lockEnvironment(environment, { name: "join", changes: false });
    await synthesise(environment, lock, process.env);
    lock.release();
  }
  const { terraform: block } = readStackJson(join(folder, "cdk.tf.json"));
  const terraform = createTerraform(process.env, {
    prove: () => undefined,
    label: labelsFor([]),
    parallel: 1,
  });
  const place = backendBlock(config.backend, namesOf(config).state(activations));
  return stateElsewhere(place, [{ folder, terraform: block }], terraform);
}
