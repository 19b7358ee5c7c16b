import {
  DescribeContainerInstancesCommand,
  ECSClient,
  paginateListContainerInstances,
} from "@aws-sdk/client-ecs";
import { paginateDescribeInstanceInformation, SSMClient } from "@aws-sdk/client-ssm";
import type { LocalCloud } from "../../../local-cloud/start";
import { eventually } from "../jest/eventually";

/** A node's entry in a cluster. */
export interface ListedInstance {
  readonly arn: string;
  readonly managedInstance: string;
  readonly node: string;
  readonly generation: string;
  readonly status: string;
  readonly connected: boolean;
}

/** Both services' and DigitalOcean's knowledge of one site, queried from outside. */
export interface Found {
  /** Ids of the managed instances with the site's tag, sorted. */
  readonly managedInstances: readonly string[];
  /** Container instances with the site's attribute, by node. */
  readonly containerInstances: readonly ListedInstance[];
  /** Names of the site's droplets, sorted. */
  readonly droplets: readonly string[];
}

export const nothing: Found = { managedInstances: [], containerInstances: [], droplets: [] };

/** The AWS SDK against a local cloud. */
export function awsClients({ environment }: LocalCloud) {
  const settings = {
    region: "eu-west-1",
    endpoint: environment["AWS_ENDPOINT_URL"] ?? "",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  };
  return { ecs: new ECSClient(settings), ssm: new SSMClient(settings) };
}

/** Asks the clouds what there is of a site of a deployment. */
export async function findSite(cloud: LocalCloud, deployment: string, site: string): Promise<Found> {
  const { ecs, ssm } = awsClients(cloud);
  try {
    const [managedInstances, containerInstances, droplets] = await Promise.all([
      listManagedInstances(ssm, [{ Key: "tag:anywhere.site", Values: [site] }]),
      listContainerInstances(ecs, deployment, `attribute:anywhere.site == ${site}`),
      listDroplets(cloud, `${deployment}--${site}--`),
    ]);
    return { managedInstances, containerInstances, droplets: droplets.map(({ name }) => name) };
  } finally {
    ecs.destroy();
    ssm.destroy();
  }
}

/** Ids of the managed instances that a filter finds, sorted. */
export async function listManagedInstances(
  client: SSMClient,
  filters: { Key: string; Values: string[] }[] = [],
): Promise<string[]> {
  const ids: string[] = [];
  for await (const { InstanceInformationList = [] } of paginateDescribeInstanceInformation(
    { client },
    { Filters: filters },
  )) {
    ids.push(...InstanceInformationList.map(({ InstanceId = "" }) => InstanceId));
  }
  return ids.sort();
}

/** The ACTIVE and DRAINING instances of a cluster that an expression finds, by node. */
export async function listContainerInstances(
  client: ECSClient,
  cluster: string,
  filter?: string,
): Promise<ListedInstance[]> {
  const arns: string[] = [];
  for await (const { containerInstanceArns = [] } of paginateListContainerInstances(
    { client },
    { cluster, filter },
  )) {
    arns.push(...containerInstanceArns);
  }
  if (arns.length === 0) {
    return [];
  }
  const { containerInstances = [] } = await client.send(
    new DescribeContainerInstancesCommand({ cluster, containerInstances: arns }),
  );
  return containerInstances
    .map(
      ({
        containerInstanceArn = "",
        ec2InstanceId = "",
        status = "",
        agentConnected = false,
        attributes = [],
      }) => {
        const attribute = (name: string) =>
          attributes.find((one) => one.name === `anywhere.${name}`)?.value ?? "";
        return {
          arn: containerInstanceArn,
          managedInstance: ec2InstanceId,
          node: attribute("node"),
          generation: attribute("generation"),
          status,
          connected: agentConnected,
        };
      },
    )
    .sort((a, b) => (a.node < b.node ? -1 : 1));
}

/** A droplet; its machine is `droplet-<id>`. */
export interface ListedDroplet {
  readonly id: number;
  readonly name: string;
  readonly status: string;
}

/** The droplets whose names begin so, by name. */
export async function listDroplets(cloud: LocalCloud, prefix: string): Promise<ListedDroplet[]> {
  const droplets = await ofDigitalOcean<ListedDroplet>(cloud, "droplets");
  return droplets
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ id, name, status }) => ({ id, name, status }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Deletes a droplet behind Terraform's back. */
export async function deleteDroplet({ environment }: LocalCloud, id: string | number): Promise<void> {
  const { status } = await fetch(`${environment["DIGITALOCEAN_API_URL"] ?? ""}/v2/droplets/${id}`, {
    method: "DELETE",
    headers: { authorization: "Bearer somebody" },
    signal: AbortSignal.timeout(30_000),
  });
  if (status !== 204) {
    throw new Error(`deleting droplet ${id} ended with status ${status}`);
  }
}

/** Does something to a droplet as somebody does in DigitalOcean's console, and returns once it is done. */
export async function actOnDroplet(
  cloud: LocalCloud,
  id: number,
  type: string,
  more: object = {},
): Promise<void> {
  await changeDigitalOcean(cloud, `droplets/${id}/actions`, { type, ...more });
  await eventually(`the end of ${type} of droplet ${id}`, async () => {
    const actions = await ofDigitalOcean<{ status: string }>(cloud, `droplets/${id}/actions`, "actions");
    return actions.every(({ status }) => status === "completed") ? true : undefined;
  });
}

/** Makes a VPC as somebody does in DigitalOcean's console; the first of a region is its default. */
export async function createVpc(cloud: LocalCloud, name: string, region: string): Promise<void> {
  await changeDigitalOcean(cloud, "vpcs", { name, region });
}

/** Names of all VPCs, sorted. */
export async function listVpcs(cloud: LocalCloud): Promise<string[]> {
  return (await ofDigitalOcean<{ name: string }>(cloud, "vpcs")).map(({ name }) => name).sort();
}

async function changeDigitalOcean({ environment }: LocalCloud, path: string, body: object): Promise<void> {
  const { ok, status } = await fetch(`${environment["DIGITALOCEAN_API_URL"] ?? ""}/v2/${path}`, {
    method: "POST",
    headers: { authorization: "Bearer somebody" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  if (!ok) {
    throw new Error(`POST ${path} ended with status ${status}`);
  }
}

/** Id of the load balancer of this name. */
export async function loadBalancerIdOf(cloud: LocalCloud, name: string): Promise<string> {
  const balancers = await ofDigitalOcean<{ id: string; name: string }>(cloud, "load_balancers");
  const balancer = balancers.find((one) => one.name === name);
  if (balancer === undefined) {
    throw new Error(`there is no load balancer ${name}`);
  }
  return balancer.id;
}

/** @param member of the answer that holds the list */
async function ofDigitalOcean<T>(
  { environment }: LocalCloud,
  path: string,
  member: string = path,
): Promise<T[]> {
  const response = await fetch(`${environment["DIGITALOCEAN_API_URL"] ?? ""}/v2/${path}?per_page=200`, {
    headers: { authorization: "Bearer test" },
    signal: AbortSignal.timeout(30_000),
  });
  return ((await response.json()) as Readonly<Record<string, T[]>>)[member] ?? [];
}
