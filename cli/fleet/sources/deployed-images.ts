import type { ECSClient } from "@aws-sdk/client-ecs";
import { describeServices } from "./ecs";

/** URIs of the images that these ECS services are to run. */
export async function deployedImages(
  client: ECSClient,
  cluster: string,
  services: readonly string[],
): Promise<string[]> {
  const { DescribeTaskDefinitionCommand } = await import("@aws-sdk/client-ecs");
  const there = (await describeServices(client, cluster, services)).filter(
    ({ status }) => status === "ACTIVE",
  );
  const revisions = new Set(there.flatMap(({ taskDefinition }) => taskDefinition ?? []));
  const images = await Promise.all(
    [...revisions].map(async (taskDefinition) => {
      const answer = await client.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
      const { containerDefinitions = [] } = answer.taskDefinition ?? {};
      return containerDefinitions.find(({ name }) => name === "app")?.image;
    }),
  );
  return [...new Set(images.flatMap((image) => image ?? []))];
}
