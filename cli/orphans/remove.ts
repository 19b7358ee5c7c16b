import type { SSMClient } from "@aws-sdk/client-ssm";
import type { Config } from "../../config/schema";
import { drainTimes } from "../../config/services/health";
import { clientSettings, reasonOf } from "../aws/client";
import { Refused, type DigitalOcean } from "../checks/digitalocean/api";
import { bound, withCluster } from "../fleet/sources/cluster";
import { withLogs } from "../fleet/sources/logs";
import { counted } from "../report/counted";
import { setState, untilEmpty } from "../nodes/draining";
import { kinds, neededByTagged, registrations, tagged, type Kind, type Thing } from "./thing";

/** The outcome for a resource. */
export interface Removal {
  readonly thing: Thing;
  readonly removed: boolean;
  /** Why it could not be removed. */
  readonly problem: string | null;
}

/**
 * Removes things, one kind after another: first activations, so that no machine can register any more; nodes are
 * drained, and deregistered from ECS and then from Systems Manager, before their machines are deleted. If a
 * registration can't be removed, nothing after it is. If a droplet or a load balancer can't, its site's firewall and
 * tag stay: it would be open, and no later run would find it.
 *
 * @param digitalOcean opens its API, whose deadline counts from then: nodes may take longer to drain
 */
export async function remove(
  config: Config,
  digitalOcean: () => DigitalOcean | undefined,
  things: readonly Thing[],
  say: (text: string) => void,
): Promise<Removal[]> {
  const removals: Removal[] = [];
  const hasFailed = () =>
    removals.some(({ thing: { kind }, problem }) => problem !== null && registrations.includes(kind));
  const ofKind = (kind: Kind) => things.filter((thing) => thing.kind === kind);
  for (const kind of kinds) {
    const all = ofKind(kind);
    if (hasFailed() && !registrations.includes(kind)) {
      const problem = "registrations must be removed first, and one could not be";
      removals.push(...all.map((thing) => ({ thing, removed: false, problem })));
      continue;
    }
    const undrained =
      kind === "container instance" && all.length > 0 ? await drainAll(config, all, say) : undefined;
    for (const thing of all) {
      const problem =
        undrained?.get(thing.id) ??
        obstacleTo(thing, removals) ??
        (await problemOf(removeOne(config, digitalOcean(), thing)));
      say(problem === null ? `removed the ${kind} ${thing.id}` : `the ${kind} ${thing.id} stays: ${problem}`);
      removals.push({ thing, removed: problem === null, problem });
    }
  }
  return removals;
}

/** Why a thing must stay: a thing that must be removed first could not be. */
function obstacleTo({ kind, name, site }: Thing, removals: readonly Removal[]): string | null {
  const stays = (meets: (thing: Thing) => boolean) =>
    removals.some(({ thing, problem }) => problem !== null && meets(thing));
  // A node that ECS still has would lose its credentials.
  if (kind === "managed instance" && stays((one) => one.kind === "container instance" && one.name === name)) {
    return "its container instance must be removed first";
  }
  return neededByTagged.includes(kind) && stays((one) => tagged.includes(one.kind) && one.site === site)
    ? "the droplets and load balancers of its site must be removed first"
    : null;
}

async function problemOf(removal: Promise<unknown>): Promise<string | null> {
  try {
    await removal;
    return null;
  } catch (error) {
    return gone.includes((error as Error).name) ? null : reasonOf(error);
  }
}

/** Errors that say that there is nothing to remove. */
const gone = ["InvalidActivation", "InvalidInstanceId", "ResourceNotFoundException"];

/**
 * All at once, so that their tasks end instead of moving from one to another.
 *
 * @returns why some can't be drained, by their ids.
 */
async function drainAll(
  config: Config,
  instances: readonly Thing[],
  say: (text: string) => void,
): Promise<ReadonlyMap<string, string>> {
  const { stall } = drainTimes(Object.values(config.services));
  const undrained = new Map<string, string>();
  await withCluster(config, async (client, cluster) => {
    for (const { id } of instances) {
      const problem = await problemOf(setState(client, cluster, id, "DRAINING"));
      if (problem !== null) {
        undrained.set(id, problem);
      }
    }
    const draining = instances.filter(({ id }) => !undrained.has(id));
    await Promise.all(
      draining.map(async ({ id, name }) => {
        const left = await untilEmpty({ client, cluster, id, bound: stall }, (count) => {
          say(`${name} is draining, ${counted(count, "task")} left`);
        });
        if (left > 0) {
          say(`${name} still runs ${counted(left, "task")}, which will end with its machine`);
        }
      }),
    );
  });
  return undrained;
}

function removeOne(config: Config, api: DigitalOcean | undefined, { kind, id }: Thing): Promise<unknown> {
  switch (kind) {
    case "activation":
      return atSystemsManager(config, async (client) => {
        const { DeleteActivationCommand } = await import("@aws-sdk/client-ssm");
        await client.send(new DeleteActivationCommand({ ActivationId: id }));
      });
    case "container instance":
      return withCluster(config, async (client, cluster) => {
        const { DeregisterContainerInstanceCommand } = await import("@aws-sdk/client-ecs");
        const command = { cluster, containerInstance: id, force: true };
        await client.send(new DeregisterContainerInstanceCommand(command));
      });
    case "managed instance":
      return atSystemsManager(config, async (client) => {
        const { DeregisterManagedInstanceCommand } = await import("@aws-sdk/client-ssm");
        await client.send(new DeregisterManagedInstanceCommand({ InstanceId: id }));
      });
    case "log group":
      return withLogs(config, async (client) => {
        const { DeleteLogGroupCommand } = await import("@aws-sdk/client-cloudwatch-logs");
        await client.send(new DeleteLogGroupCommand({ logGroupName: id }));
      });
    case "droplet":
    case "load balancer":
    case "firewall":
    case "certificate":
    case "VPC":
    case "tag":
      return deleteAt(api, `/v2/${collections[kind]}/${encodeURIComponent(id)}`);
  }
}

const collections = {
  droplet: "droplets",
  "load balancer": "load_balancers",
  firewall: "firewalls",
  certificate: "certificates",
  VPC: "vpcs",
  tag: "tags",
};

async function deleteAt(api: DigitalOcean | undefined, path: string): Promise<void> {
  const { status, message } = (await api?.attempt("DELETE", path)) ?? { status: 401, message: "no token" };
  if (status !== 204 && status !== 404) {
    throw new Refused(status, message);
  }
}

async function atSystemsManager(config: Config, act: (client: SSMClient) => Promise<void>): Promise<void> {
  const { SSMClient } = await import("@aws-sdk/client-ssm");
  const client = new SSMClient(clientSettings(config.aws.region, bound));
  try {
    await act(client);
  } finally {
    client.destroy();
  }
}
