import type { Foreign } from "../local-cloud/admin/admin";
import type { LocalCloud } from "../local-cloud/start";
import type { Project } from "./project";

/** The remains of a deployment, according to its clouds and its states. */
export interface Left {
  readonly resources: number;
  readonly managedInstances: number;
  readonly containerInstances: number;
  readonly droplets: number;
}

/** The numbers of foreign registrations. */
export interface ForeignCount {
  readonly managedInstances: number;
  readonly containerInstances: number;
}

/** Asks both clouds and every state for the remains of the deployment. */
export async function countLeft(project: Project, cloud: LocalCloud, deployment: string): Promise<Left> {
  const states = await Promise.all(
    project.stacks().map((stack) => project.terraform(stack, "state", "list")),
  );
  const resources = states.flatMap((list) =>
    list.split("\n").filter((line) => line !== "" && !line.startsWith("data.")),
  );
  const [instances, clusters, droplets] = await Promise.all([
    managedInstances(project, "--filters", `Key=tag:anywhere.deployment,Values=${deployment}`),
    containerInstances(project),
    dropletNames(cloud),
  ]);
  return {
    resources: resources.length,
    managedInstances: instances.length,
    containerInstances: clusters.filter((arn) => arn.includes(`/${deployment}/`)).length,
    droplets: droplets.filter((name) => name.startsWith(`${deployment}-`)).length,
  };
}

/** How many of these foreign registrations there still are. */
export async function countForeign(project: Project, foreign: Foreign): Promise<ForeignCount> {
  const [instances, clusters] = await Promise.all([managedInstances(project), containerInstances(project)]);
  return {
    managedInstances: foreign.managedInstances.filter((id) => instances.includes(id)).length,
    containerInstances: foreign.containerInstances.filter((arn) => clusters.includes(arn)).length,
  };
}

async function managedInstances(project: Project, ...filters: readonly string[]): Promise<string[]> {
  const { InstanceInformationList } = JSON.parse(
    await project.aws("ssm", "describe-instance-information", ...filters),
  ) as { InstanceInformationList: { InstanceId: string }[] };
  return InstanceInformationList.map(({ InstanceId }) => InstanceId);
}

async function containerInstances(project: Project): Promise<string[]> {
  const { clusterArns } = JSON.parse(await project.aws("ecs", "list-clusters")) as { clusterArns: string[] };
  const lists = await Promise.all(
    clusterArns.map(async (cluster) => {
      const { containerInstanceArns } = JSON.parse(
        await project.aws("ecs", "list-container-instances", "--cluster", cluster),
      ) as { containerInstanceArns: string[] };
      return containerInstanceArns;
    }),
  );
  return lists.flat();
}

async function dropletNames({ environment }: LocalCloud): Promise<string[]> {
  const response = await fetch(`${environment["DIGITALOCEAN_API_URL"] ?? ""}/v2/droplets?per_page=200`, {
    headers: { authorization: `Bearer ${environment["DIGITALOCEAN_TOKEN"] ?? ""}` },
    signal: AbortSignal.timeout(30_000),
  });
  const { droplets } = (await response.json()) as { droplets: { name: string }[] };
  return droplets.map(({ name }) => name);
}
