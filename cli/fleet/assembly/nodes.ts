import type { ContainerInstance } from "@aws-sdk/client-ecs";
import type { Activation, InstanceInformation } from "@aws-sdk/client-ssm";
import { lostSinceTag, namesOf, nodeTags } from "../../../config/names";
import type { Config } from "../../../config/schema";
import { assembleBackends } from "./backends";
import type { Droplet } from "../sources/digitalocean";
import type { Expected } from "../expected";
import type { Fleet, FleetNode, FleetTask, Stranger } from "../fleet";
import type { Answers } from "../sources/answers";
import { nodeOf } from "../node-instance";
import { idOf } from "../tasks";
import { timeOf } from "../time";

/** The nodes of every site with their registrations, and registrations that belong to no node. */
export function assembleNodes(
  config: Config,
  expected: Expected,
  answers: Answers,
  tasks: readonly FleetTask[],
): Pick<Fleet, "sites" | "strangers"> {
  const names = namesOf(config);
  const left = {
    droplets: [...(answers.digitalOcean?.droplets ?? [])],
    managedInstances: [...(answers.systemsManager?.managedInstances ?? [])],
    containerInstances: [...(answers.ecs?.containerInstances ?? [])],
  };
  const nodeFrom = (site: string, node: string, generation: string): FleetNode => {
    const name = names.node(site, node);
    const containerInstance = take(left.containerInstances, isOf(`${site}/${node}`, config.name), (one) => [
      attributeOf(one, "generation") === generation,
      one.agentConnected === true,
      one.registeredAt,
    ]);
    const managedInstance =
      take(left.managedInstances, ({ InstanceId }) => InstanceId === containerInstance?.ec2InstanceId) ??
      take(
        left.managedInstances,
        ({ Name }) => Name === name,
        (one) => [one.RegistrationDate],
      );
    const droplet = take(left.droplets, (one) => one.name === name);
    const activation = managedInstance === undefined ? activationOf(answers, name) : undefined;
    const own = tasks.filter(
      ({ containerInstance: id, stoppedAt }) =>
        id !== null && id === idOf(containerInstance?.containerInstanceArn) && stoppedAt === null,
    );
    return {
      site,
      node,
      generation,
      machine: droplet === undefined ? null : { id: String(droplet.id), status: droplet.status },
      managedInstance: managedInstance === undefined ? null : managedFrom(managedInstance),
      activation: activation === undefined ? null : activationFrom(activation),
      containerInstance: containerInstance === undefined ? null : containerFrom(containerInstance),
      tasks: own,
      backends: assembleBackends(expected, answers.digitalOcean, { site, name, droplet, tasks: own }),
    };
  };
  const sites = [...expected.sites].map(([site, { kind, nodes }]) => ({
    site,
    kind,
    nodes: [...nodes].map(([node, { generation }]) => nodeFrom(site, node, generation)),
  }));
  return { sites, strangers: strangersOf(left) };
}

/** Removes and returns the best of those that meet a condition, compared by these values in order. */
function take<T>(
  all: T[],
  meets: (one: T) => boolean,
  rank: (one: T) => readonly (boolean | Date | undefined)[] = () => [],
): T | undefined {
  const [best] = all.filter(meets).sort((one, other) => {
    const others = rank(other).map(Number);
    const difference = rank(one)
      .map(Number)
      .map((value, index) => (others[index] ?? 0) - value);
    return difference.find((value) => value !== 0) ?? 0;
  });
  if (best !== undefined) {
    all.splice(all.indexOf(best), 1);
  }
  return best;
}

const attributeOf = (
  { attributes = [] }: ContainerInstance,
  name: keyof typeof nodeTags,
): string | undefined => attributes.find((attribute) => attribute.name === nodeTags[name])?.value;

const isOf = (node: string, deployment: string) => (instance: ContainerInstance) =>
  nodeOf(instance) === node && attributeOf(instance, "deployment") === deployment;

/** The newest activation that gives a machine this name. */
function activationOf({ systemsManager }: Answers, name: string): Activation | undefined {
  const own = (systemsManager?.activations ?? []).filter((one) => one.DefaultInstanceName === name);
  return take(
    own,
    () => true,
    (one) => [one.CreatedDate],
  );
}

function managedFrom({
  InstanceId: id = "",
  PingStatus: pingStatus = "Inactive",
  ...more
}: InstanceInformation) {
  return { id, pingStatus, lastPingAt: timeOf(more.LastPingDateTime) };
}

function activationFrom(activation: Activation): FleetNode["activation"] {
  const { ActivationId: id = "", RegistrationsCount: count = 0, RegistrationLimit: limit = 1 } = activation;
  const state = count >= limit ? "used up" : activation.Expired === true ? "expired" : "unused";
  return { id, state, expiresAt: timeOf(activation.ExpirationDate) };
}

function containerFrom(instance: ContainerInstance): FleetNode["containerInstance"] {
  const {
    containerInstanceArn: arn = "",
    status = "",
    agentConnected = false,
    tags = [],
    versionInfo,
  } = instance;
  return {
    id: idOf(arn),
    arn,
    status,
    agentConnected,
    lostSince: tags.find(({ key }) => key === lostSinceTag)?.value ?? null,
    agentVersion: versionInfo?.agentVersion ?? null,
    generation: attributeOf(instance, "generation") ?? null,
  };
}

interface Left {
  readonly droplets: readonly Droplet[];
  readonly managedInstances: readonly InstanceInformation[];
  readonly containerInstances: readonly ContainerInstance[];
}

function strangersOf({ droplets, managedInstances, containerInstances }: Left): Stranger[] {
  return [
    ...droplets.map(({ id, name, status }) => ({
      kind: "droplet" as const,
      id: String(id),
      name,
      state: status,
    })),
    ...managedInstances.map((instance) => ({
      kind: "managed instance" as const,
      id: managedFrom(instance).id,
      name: instance.Name ?? null,
      state: managedFrom(instance).pingStatus,
    })),
    ...containerInstances.map((instance) => ({
      kind: "container instance" as const,
      id: idOf(instance.containerInstanceArn),
      name: nodeOf(instance) ?? null,
      state: instance.status ?? "",
    })),
  ];
}
