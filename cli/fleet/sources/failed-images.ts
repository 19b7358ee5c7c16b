import type { ECSClient, ServiceDeploymentBrief } from "@aws-sdk/client-ecs";
import { inParts } from "../../aws/client";
import { imagesOf } from "./deployed-images";

/** The outcomes of a roll-out that say something about its image; being replaced by a newer one doesn't. */
const outcomes = ["SUCCESSFUL", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"] as const;

/** URIs of the images whose last roll-out failed at one of these ECS services, as far back as ECS remembers. */
export async function failedImages(
  client: ECSClient,
  cluster: string,
  services: readonly string[],
): Promise<string[]> {
  const failed = await Promise.all(services.map((service) => failedAt(client, cluster, service)));
  return [...new Set(failed.flat())];
}

async function failedAt(client: ECSClient, cluster: string, service: string): Promise<string[]> {
  const rollOuts = await rollOutsOf(client, cluster, service);
  const oldestFailure = rollOuts.findLastIndex(({ status }) => status !== "SUCCESSFUL");
  const since = rollOuts.slice(0, oldestFailure + 1);
  const definitions = await definitionsOf(client, since);
  const images = await imagesOf(client, definitions.values());
  const last = new Map<string, ServiceDeploymentBrief["status"]>();
  for (const { targetServiceRevisionArn = "", status } of since) {
    const image = images.get(definitions.get(targetServiceRevisionArn) ?? "");
    if (image !== undefined && !last.has(image)) {
      last.set(image, status);
    }
  }
  return [...last].flatMap(([image, status]) => (status === "SUCCESSFUL" ? [] : [image]));
}

/** The newest first; none of a service that doesn't exist. */
async function rollOutsOf(
  client: ECSClient,
  cluster: string,
  service: string,
): Promise<ServiceDeploymentBrief[]> {
  const { ListServiceDeploymentsCommand } = await import("@aws-sdk/client-ecs");
  const all: ServiceDeploymentBrief[] = [];
  let nextToken: string | undefined;
  try {
    do {
      const question = { cluster, service, status: [...outcomes], nextToken };
      const answer = await client.send(new ListServiceDeploymentsCommand(question));
      all.push(...(answer.serviceDeployments ?? []));
      ({ nextToken } = answer);
    } while (nextToken !== undefined);
  } catch (error) {
    if ((error as Error).name === "ServiceNotFoundException") {
      return [];
    }
    throw error;
  }
  return all.sort((one, other) => Number(other.createdAt) - Number(one.createdAt));
}

/** The task definitions of roll-outs, by the ARN of their service revision. */
async function definitionsOf(
  client: ECSClient,
  rollOuts: readonly ServiceDeploymentBrief[],
): Promise<Map<string, string>> {
  const { DescribeServiceRevisionsCommand } = await import("@aws-sdk/client-ecs");
  const arns = new Set(rollOuts.flatMap(({ targetServiceRevisionArn }) => targetServiceRevisionArn ?? []));
  // Source: Amazon ECS API Reference, DescribeServiceRevisions: 20 at a time.
  const answers = await Promise.all(
    inParts([...arns], 20).map((serviceRevisionArns) =>
      client.send(new DescribeServiceRevisionsCommand({ serviceRevisionArns })),
    ),
  );
  const revisions = answers.flatMap(({ serviceRevisions = [] }) => serviceRevisions);
  return new Map(
    revisions.map(({ serviceRevisionArn = "", taskDefinition = "" }) => [serviceRevisionArn, taskDefinition]),
  );
}
