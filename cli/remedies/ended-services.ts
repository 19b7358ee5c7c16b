import { ask, clientSettings } from "../aws/client";
import { describeServices } from "../fleet/sources/ecs";
import type { Stack } from "../terraform/stacks";
import type { Terraform } from "../terraform/terraform";
import type { Deployment } from "../commands/prepared";

/**
 * The ECS services that a stack's state holds but ECS no longer runs, as a clause: being removed since an interrupted
 * destroy, or removed by somebody else. Undefined when there are none, or when ECS can't be queried.
 */
export async function endedServices(
  { folder }: Pick<Stack, "folder">,
  terraform: Pick<Terraform, "state">,
): Promise<string | undefined> {
  const { managed } = await terraform.state(folder);
  const known = managed.filter(({ type }) => type === "aws_ecs_service");
  const names = known.map(({ attributes }) => String(attributes["name"]));
  const cluster = String(known[0]?.attributes["cluster"]);
  if (names.length === 0) {
    return undefined;
  }
  try {
    return clauseOf(names, await statuses(cluster, names));
  } catch {
    // Terraform asks the same, and reports why it can't.
    return undefined;
  }
}

/** @param cluster its ARN, which names the region. */
async function statuses(cluster: string, names: readonly string[]): Promise<ReadonlyMap<unknown, unknown>> {
  const { ECSClient } = await import("@aws-sdk/client-ecs");
  const client = new ECSClient(clientSettings(cluster.split(":")[3] ?? ""));
  const services = await ask(client, () => describeServices(client, cluster, names));
  return new Map(services.map(({ serviceName, status }) => [serviceName, status]));
}

function clauseOf(names: readonly string[], known: ReadonlyMap<unknown, unknown>): string | undefined {
  const draining = names.filter((name) => known.get(name) === "DRAINING");
  const gone = names.filter((name) => (known.get(name) ?? "INACTIVE") === "INACTIVE");
  const clauses = [
    ...(draining.length === 0 ? [] : [`ECS is still removing ${draining.join(", ")}`]),
    ...(gone.length === 0 ? [] : [`ECS no longer has ${gone.join(", ")}`]),
  ];
  return clauses.length === 0 ? undefined : clauses.join(" and ");
}

/**
 * The result of planning a stack. When that takes long because of {@link endedServices}, says so meanwhile.
 *
 * Source: the AWS provider's resource aws_ecs_service, which reads a service that isn't ACTIVE again and again for two
 * minutes, and only then considers it deleted.
 *
 * @param seconds of patience.
 */
export async function explained<T>(
  planning: Promise<T>,
  stack: Stack,
  { terraform, label }: Pick<Deployment, "terraform" | "label">,
  seconds = 10,
): Promise<T> {
  const explain = async (): Promise<void> => {
    const ended = await endedServices(stack, terraform);
    if (ended !== undefined) {
      console.error(
        label(stack.id, `This takes two minutes, since ${ended}: Terraform waits for its return first.`),
      );
    }
  };
  const timer = setTimeout(() => void explain(), seconds * 1000);
  try {
    return await planning;
  } finally {
    clearTimeout(timer);
  }
}
