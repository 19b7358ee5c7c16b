import type { ECSClient } from "@aws-sdk/client-ecs";
import { describeServices } from "./ecs";

/** URIs of the images that these ECS services are to run. */
export async function deployedImages(
  client: ECSClient,
  cluster: string,
  services: readonly string[],
): Promise<string[]> {
  const there = (await describeServices(client, cluster, services)).filter(
    ({ status }) => status === "ACTIVE",
  );
  const images = await imagesOf(
    client,
    there.flatMap(({ taskDefinition }) => taskDefinition ?? []),
  );
  return [...new Set(images.values())];
}

/** URIs of the images of applications, by the ARN of the task definition that names each. */
export async function imagesOf(
  client: ECSClient,
  taskDefinitions: Iterable<string>,
): Promise<ReadonlyMap<string, string>> {
  const { DescribeTaskDefinitionCommand } = await import("@aws-sdk/client-ecs");
  const images = await Promise.all(
    [...new Set(taskDefinitions)].map(async (taskDefinition) => {
      const answer = await client.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
      const { containerDefinitions = [] } = answer.taskDefinition ?? {};
      const image = containerDefinitions.find(({ name }) => name === "app")?.image;
      return image === undefined ? [] : [[taskDefinition, image] as const];
    }),
  );
  return new Map(images.flat());
}
