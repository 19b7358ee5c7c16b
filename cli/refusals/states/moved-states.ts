import { isDeepStrictEqual } from "node:util";
import { keptFolder } from "../../../checkout/lock";
import {
  forgetFormerPlaces,
  otherFiles,
  recordOf,
  statePlaces,
  type StatePlace,
} from "../../../checkout/state-places";
import { ConfigError, loadEnvironment, type LoadedEnvironment } from "../../../config/load";
import { namesOf } from "../../../config/names";
import type { Deployment } from "../../commands/prepared";
import { Refusal } from "../refusal";
import {
  backendBlock,
  describePlace,
  rememberedBackend,
  type BackendBlock,
} from "../../terraform/backend-block";
import type { Resource, State } from "../../terraform/state-file";
import { stateElsewhere } from "./state-elsewhere";
import { computeStack, controlPlane } from "../../terraform/stacks";

/** Where states have been, by stack. */
type Place = (id: string) => BackendBlock | undefined;

/**
 * Makes sure that another name or backend in an environment's file doesn't begin a second deployment beside the first,
 * which no state would record any more. Says when another file describes the same deployment.
 *
 * @throws {Refusal} with the resources in the earlier states, and the remedy.
 */
export async function refuseMovedStates(deployment: Deployment): Promise<void> {
  const { environment, stacks } = deployment;
  const { config, file } = environment;
  const present = placeOf(config);
  const former = statePlaces(keptFolder, file).filter((place) => !isDeepStrictEqual(place, present));
  const others = otherDeployments(file, [config.name, ...former.map(({ name }) => name)]);
  warnOfTwins(environment, others);
  const isOthers = (place: StatePlace) =>
    others.some((other) => isDeepStrictEqual(placeOf(other.config), place));
  for (const place of former.filter((one) => !isOthers(one))) {
    const held = await heldAt((id) => blockAt(place, deployment, id), deployment, others);
    if (held.length > 0) {
      throw new Refusal(
        place.name === config.name ? otherBackend(held, deployment) : otherName(place.name, held, deployment),
      );
    }
  }
  if (former.length > 0) {
    // The other file may go, or be changed, while its deployment stays.
    forgetFormerPlaces(keptFolder, file, former.filter(isOthers));
  }

  // The backends that plain Terraform was initialised for, which nobody has recorded.
  const remembered: Place = (id) => {
    const folder = stacks.find((stack) => stack.id === id)?.folder;
    return folder === undefined ? undefined : rememberedBackend(folder);
  };
  const held = await heldAt(remembered, deployment, others);
  if (held.length > 0) {
    throw new Refusal(otherBackend(held, deployment));
  }
}

/** An environment file and its contents. */
type Described = Pick<LoadedEnvironment, "file" | "config">;

/** As records have it. */
const placeOf = ({ name, backend }: StatePlace): StatePlace =>
  JSON.parse(JSON.stringify({ name, backend })) as StatePlace;

/**
 * The other files that describe deployments of these names as they are now: a record may be older, and the other file a
 * link to this one.
 */
function otherDeployments(file: string, names: readonly string[]): readonly Described[] {
  return otherFiles(keptFolder, file, names).flatMap((other) => {
    try {
      return [{ file: other, config: loadEnvironment({ ANYWHERE_ENV: other }).config }];
    } catch (error) {
      if (error instanceof ConfigError) {
        return [];
      }
      throw error;
    }
  });
}

/** Reports other files whose deployment has the same name in the same account. */
function warnOfTwins({ file, config }: Described, others: readonly Described[]): void {
  for (const other of others) {
    const isTwin = other.config.name === config.name && other.config.aws.accountId === config.aws.accountId;
    if (isTwin && isDeepStrictEqual(placeOf(other.config), placeOf(config))) {
      console.error(
        `${file} and ${other.file} describe one deployment, ${config.name}: a deploy of either replaces what the other has ` +
          "deployed. Unless you want that, give one of them another name.",
      );
    } else if (isTwin) {
      console.error(
        `${file} and ${other.file} have the same name, ${config.name}, and account, but different backends: each would ` +
          "change and delete the other's resources. Give one of them another name.",
      );
    }
  }
}

/**
 * The stacks whose states at an earlier place hold resources, unless these have been moved to the present place, or are
 * those of another file: this one may be its copy.
 */
async function heldAt(place: Place, deployment: Deployment, others: readonly Described[]): Promise<string[]> {
  const { environment, stacks, terraform } = deployment;
  const folder = stacks[0]?.folder ?? ".";
  const state = (block: BackendBlock) => stateElsewhere(block, stacks, terraform);
  const isKnown = (id: string, block: BackendBlock) =>
    [presentBlock(deployment, id), ...others.map(({ config }) => blockAt(config, deployment, id))].some(
      (known) => describePlace(known, folder) === describePlace(block, folder),
    );
  const ids = new Set(stacks.map(({ id }) => id));
  const held: string[] = [];
  // Sites that have left the config are appended while the loop runs.
  for (const id of ids) {
    const block = place(id);
    if (block === undefined || isKnown(id, block)) {
      continue;
    }
    const former = await readable(state(block), environment.file);
    const { resources, outputs } = former;
    if (id === controlPlane) {
      ((outputs["sites"] ?? []) as readonly string[]).forEach((site) => ids.add(computeStack(site)));
    }
    if (resources > 0 && !goesOn(await state(presentBlock(deployment, id)), former)) {
      held.push(`${id} (resources: ${resources}, in ${describePlace(block, folder)})`);
    }
  }
  return held;
}

/** Whether a state has been moved from another place. Terraform gives a state that it copies into S3 a new lineage. */
function goesOn(present: State, { lineage, managed }: State): boolean {
  const known = new Set(present.managed.map(textOf));
  return present.lineage === lineage || managed.some((resource) => known.has(textOf(resource)));
}

const textOf = ({ address, attributes }: Resource): string => `${address} ${String(attributes["id"])}`;

async function readable<T>(reading: Promise<T>, file: string): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Refusal) {
      throw new Refusal(
        `${file}: its states were elsewhere before, can't be read there, and may hold resources. Make them readable, ` +
          `or remove ${recordOf(keptFolder, file)} if nothing in them is deployed any more.\n${error.message}`,
      );
    }
    throw error;
  }
}

function blockAt(
  { name, backend }: StatePlace,
  { environment: { config } }: Deployment,
  id: string,
): BackendBlock {
  return backendBlock(backend, namesOf({ ...config, name }).state(id));
}

const presentBlock = (deployment: Deployment, id: string): BackendBlock =>
  blockAt(deployment.environment.config, deployment, id);

function otherName(former: string, held: readonly string[], { environment }: Deployment): string {
  const { config, file } = environment;
  return (
    `${file}: name was ${former}, and is ${config.name} now, but ${former} is still deployed: ${held.join(", ")}. ` +
    `A deployment can't be renamed: put ${former} back. To have ${config.name} instead, run "npm run destroy" with ` +
    `${former} first; to have both, give ${config.name} its own file.`
  );
}

function otherBackend(held: readonly string[], { environment: { file } }: Deployment): string {
  return (
    `${file}: backend has changed, and the former one still has states with deployed resources: ${held.join(", ")}. ` +
    'Put it back, or move the states as docs/state-and-secrets.md says under "Move to another backend".'
  );
}
