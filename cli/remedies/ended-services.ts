import { ask, clientSettings } from "../aws/client";
import { describeServices } from "../fleet/sources/ecs";
import type { Stack } from "../terraform/stacks";
import type { Terraform } from "../terraform/terraform";
import type { Deployment } from "../commands/prepared";

/** Seconds that Terraform may take to plan a stack before its user learns why. */
const patience = 10;

/** ECS services that a stack's state holds, but ECS no longer runs. */
export interface EndedServices {
  /** Which, and why. */
  readonly clause: string;
  /** Sites whose services ECS is still removing. */
  readonly draining: readonly string[];
}

/**
 * The services of a stack that an interrupted destroy or somebody else has removed from ECS, or is removing. Undefined
 * when there are none, or when ECS can't be queried.
 */
export async function endedServices(
  { folder }: Pick<Stack, "folder">,
  terraform: Pick<Terraform, "state">,
): Promise<EndedServices | undefined> {
  const { managed } = await terraform.state(folder);
  const services = managed
    .filter(({ type }) => type === "aws_ecs_service")
    .map(({ key = "", attributes: { name, cluster } }) => ({
      site: key,
      name: String(name),
      cluster: String(cluster),
    }));
  const [first] = services;
  if (first === undefined) {
    return undefined;
  }
  try {
    const names = services.map(({ name }) => name);
    const known = await statuses(first.cluster, names);
    const draining = services.filter(({ name }) => known.get(name) === "DRAINING");
    const gone = services.filter(({ name }) => (known.get(name) ?? "INACTIVE") === "INACTIVE");
    const clauses = [
      ...(draining.length === 0 ? [] : [`ECS is still removing ${listed(draining)}`]),
      ...(gone.length === 0 ? [] : [`ECS no longer has ${listed(gone)}`]),
    ];
    return clauses.length === 0
      ? undefined
      : { clause: clauses.join(" and "), draining: draining.map(({ site }) => site) };
  } catch {
    // Terraform asks the same, and reports why it can't.
    return undefined;
  }
}

const listed = (services: readonly { readonly name: string }[]): string =>
  services.map(({ name }) => name).join(", ");

/** @param cluster its ARN, which names the region. */
async function statuses(cluster: string, names: readonly string[]): Promise<ReadonlyMap<unknown, unknown>> {
  const { ECSClient } = await import("@aws-sdk/client-ecs");
  const client = new ECSClient(clientSettings(cluster.split(":")[3] ?? ""));
  const services = await ask(client, () => describeServices(client, cluster, names));
  return new Map(services.map(({ serviceName, status }) => [serviceName, status]));
}

/**
 * The result of planning a stack. When that takes long because of {@link endedServices}, says so meanwhile.
 *
 * Source: the AWS provider's resource aws_ecs_service, which reads a service that isn't ACTIVE again and again for two
 * minutes, and only then considers it deleted.
 */
export async function explained<T>(
  planning: Promise<T>,
  stack: Stack,
  { terraform, label }: Pick<Deployment, "terraform" | "label">,
): Promise<T> {
  const explain = async (): Promise<void> => {
    const ended = await endedServices(stack, terraform);
    if (ended !== undefined) {
      console.error(
        label(
          stack.id,
          `This takes two minutes, since ${ended.clause}: Terraform waits for its return first.`,
        ),
      );
    }
  };
  const timer = setTimeout(() => void explain(), patience * 1000);
  try {
    return await planning;
  } finally {
    clearTimeout(timer);
  }
}
