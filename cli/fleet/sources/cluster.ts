import type { Cluster, ECSClient } from "@aws-sdk/client-ecs";
import { namesOf, nodeTags } from "../../../config/names";
import type { Config } from "../../../config/schema";
import { clientSettings } from "../../aws/client";
import { Refusal } from "../../refusals/refusal";

/** Seconds within which a cloud must answer. */
export const bound = 20;

/** Attempts at each query while something is followed: half a minute without a connection must not end it. */
export const patientAttempts = 10;

/**
 * Asks ECS about a deployment's cluster.
 *
 * @param more further settings of the client
 * @throws {Refusal} when the account has no such cluster.
 */
export async function withCluster<T>(
  config: Config,
  ask: (client: ECSClient, cluster: string) => Promise<T>,
  more: { readonly maxAttempts?: number } = {},
): Promise<T> {
  const { cluster } = namesOf(config);
  const { region, accountId } = config.aws;
  // Loaded here, so that commands without a cloud don't wait for it.
  const { ECSClient } = await import("@aws-sdk/client-ecs");
  const client = new ECSClient({ ...clientSettings(region, bound), ...more });
  try {
    return await ask(client, cluster);
  } catch (error) {
    if ((error as Error).name === "ClusterNotFoundException") {
      throw new Refusal(
        `There is no cluster ${cluster} in ${region}: ${config.name} isn't deployed there, or the credentials belong ` +
          `to an account other than ${accountId}.`,
      );
    }
    throw error;
  } finally {
    client.destroy();
  }
}

/** The active cluster of a deployment's name, if it hasn't the deployment's tag, and so is somebody else's. */
export function foreignCluster(config: Config): Promise<Cluster | undefined> {
  return withCluster(config, async (client, cluster) => {
    const { DescribeClustersCommand } = await import("@aws-sdk/client-ecs");
    const command = new DescribeClustersCommand({ clusters: [cluster], include: ["TAGS"] });
    const { clusters = [] } = await client.send(command);
    return clusters.find(
      ({ status, tags = [] }) =>
        status === "ACTIVE" &&
        !tags.some(({ key, value }) => key === nodeTags.deployment && value === config.name),
    );
  });
}
