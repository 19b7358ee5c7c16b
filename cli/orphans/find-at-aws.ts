import type { CloudWatchLogsClient, LogGroup } from "@aws-sdk/client-cloudwatch-logs";
import type { ContainerInstance } from "@aws-sdk/client-ecs";
import type { InstanceInformation, SSMClient } from "@aws-sdk/client-ssm";
import { joined, namesOf, nodeTags } from "../../config/names";
import type { Config } from "../../config/schema";
import { clientSettings } from "../aws/client";
import { nodeOf } from "../fleet/node-instance";
import { bound, foreignCluster, withCluster } from "../fleet/sources/cluster";
import { containerInstancesOf } from "../fleet/sources/ecs";
import { withLogs } from "../fleet/sources/logs";
import { askSystemsManager } from "../fleet/sources/systems-manager";
import { idOf } from "../fleet/tasks";
import { Refusal } from "../refusals/refusal";
import type { Thing } from "./thing";

/** A deployment's activations, registrations and log groups at AWS. */
export async function findAtAws(config: Config): Promise<Thing[]> {
  const [containerInstances, logGroups] = await Promise.all([ofCluster(config), findLogGroups(config)]);
  return [...(await findRegistrations(config, containerInstances)), ...logGroups];
}

/** None when there is no cluster any more. */
async function ofCluster(config: Config): Promise<ContainerInstance[]> {
  try {
    const all = await withCluster(config, containerInstancesOf);
    return all.filter((one) => attributeOf(one, "deployment") === config.name);
  } catch (error) {
    if (error instanceof Refusal) {
      return [];
    }
    throw error;
  }
}

/** Found in Systems Manager by the deployment's own role and by the names that its activations give. */
async function findRegistrations(
  config: Config,
  containerInstances: readonly ContainerInstance[],
): Promise<Thing[]> {
  const { nodeRole } = namesOf(config);
  const { SSMClient } = await import("@aws-sdk/client-ssm");
  const client = new SSMClient(clientSettings(config.aws.region, bound));
  try {
    // No machine has the role's name: asking for it brings the activations, too.
    const answer = await askSystemsManager(client, nodeRole, [nodeRole]);
    const isOwn = (name = "") => name.startsWith(joined(config.name, ""));
    const managed = answer.managedInstances.filter(({ Name }) => isOwn(Name));
    const isInCluster = ({ InstanceId }: InstanceInformation) =>
      containerInstances.some(({ ec2InstanceId }) => ec2InstanceId === InstanceId);
    const identities = await identitiesOf(
      client,
      managed.filter((one) => !isInCluster(one)),
    );
    const identityOf = (one: ContainerInstance) =>
      `identity ${config.name}/${nodeOf(one) ?? ""}/${attributeOf(one, "generation") ?? ""}`;
    return [
      ...answer.activations
        .filter(({ DefaultInstanceName }) => isOwn(DefaultInstanceName))
        .map(({ ActivationId = "", DefaultInstanceName = "" }) =>
          thing("activation", ActivationId, DefaultInstanceName, [`registration ${ActivationId}`]),
        ),
      ...containerInstances.map((one) => {
        const { ActivationId } = managed.find(({ InstanceId }) => InstanceId === one.ec2InstanceId) ?? {};
        const name = joined(config.name, (nodeOf(one) ?? "").replace("/", "--"));
        return thing("container instance", idOf(one.containerInstanceArn), name, [
          identityOf(one),
          ...registeredWith(config, name, ActivationId),
        ]);
      }),
      ...managed.map(({ InstanceId = "", Name = "", ActivationId = "" }) => {
        const own = containerInstances.filter(({ ec2InstanceId }) => ec2InstanceId === InstanceId);
        return thing("managed instance", InstanceId, Name, [
          ...registeredWith(config, Name, ActivationId),
          ...own.map(identityOf),
          ...(identities.get(InstanceId) ?? []),
        ]);
      }),
    ];
  } finally {
    client.destroy();
  }
}

/**
 * The claims to a registration by its activation: its deregistration's and, on premises, also the activation's, since a
 * server may join before its site is deployed, which then takes the registration over. A droplet's never is taken over.
 */
function registeredWith({ sites }: Config, name: string, id = ""): string[] {
  const isServer = sites[name.split("--")[1] ?? ""]?.kind === "on-premises";
  return [`registration ${id}`, ...(isServer ? [`activation ${id}`] : [])];
}

/** Tags identify a machine where neither an activation nor a container instance does. */
async function identitiesOf(
  client: SSMClient,
  managed: readonly InstanceInformation[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { ListTagsForResourceCommand } = await import("@aws-sdk/client-ssm");
  const identities = new Map<string, readonly string[]>();
  for (const { InstanceId: ResourceId = "" } of managed) {
    const command = new ListTagsForResourceCommand({ ResourceType: "ManagedInstance", ResourceId });
    const { TagList = [] } = await client.send(command);
    const tags = TagList.filter(({ Key }) => Key === nodeTags.identity);
    identities.set(
      ResourceId,
      tags.map(({ Value = "" }) => `identity ${Value}`),
    );
  }
  return identities;
}

const attributeOf = ({ attributes = [] }: ContainerInstance, name: keyof typeof nodeTags) =>
  attributes.find((attribute) => attribute.name === nodeTags[name])?.value;

/** A thing of a node, whose name is `deployment--site--node`. */
function thing(kind: Thing["kind"], id: string, of: string, by: readonly string[] = []): Thing {
  const [, site = "", node = ""] = of.split("--");
  return { kind, id, name: `${site}/${node}`, site, by };
}

/**
 * Those with the deployment's tag, since others may use the same names; that of Container Insights belongs to the
 * cluster.
 */
async function findLogGroups(config: Config): Promise<Thing[]> {
  const { logs, insightsLogs } = namesOf(config);
  return withLogs(config, async (client) => {
    const own: string[] = [];
    for (const group of await groupsWith(client, logs(""))) {
      own.push(...((await isTagged(client, group, config.name)) ? [group.logGroupName ?? ""] : []));
    }
    const isForeign = (await foreignCluster(config)) !== undefined;
    const insights = isForeign ? [] : await groupsWith(client, insightsLogs);
    own.push(...insights.map(({ logGroupName = "" }) => logGroupName).filter((one) => one === insightsLogs));
    return own.map((id) => ({ kind: "log group", id, name: id, site: undefined, by: [] }) as const);
  });
}

async function groupsWith(client: CloudWatchLogsClient, logGroupNamePrefix: string): Promise<LogGroup[]> {
  const { paginateDescribeLogGroups } = await import("@aws-sdk/client-cloudwatch-logs");
  const groups: LogGroup[] = [];
  for await (const page of paginateDescribeLogGroups({ client }, { logGroupNamePrefix })) {
    groups.push(...(page.logGroups ?? []));
  }
  return groups;
}

async function isTagged(client: CloudWatchLogsClient, group: LogGroup, deployment: string) {
  const { ListTagsForResourceCommand } = await import("@aws-sdk/client-cloudwatch-logs");
  // Its other ARN ends with `:*`, which names its streams.
  const resourceArn = group.logGroupArn ?? (group.arn ?? "").replace(/:\*$/, "");
  const { tags = {} } = await client.send(new ListTagsForResourceCommand({ resourceArn }));
  return tags[nodeTags.deployment] === deployment;
}
