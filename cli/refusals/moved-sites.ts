import type { Deployment } from "../commands/prepared";
import { changedHandover } from "./changed-handover";
import { changedServices } from "./changed-services";
import { deployedOutput } from "./deployed-output";
import { droppedImages } from "./dropped-images";
import { Refusal } from "./refusal";
import { computeStack, type Stack } from "../terraform/stacks";

/**
 * Makes sure that no change takes down what runs before anything replaces it: a site's region, a service's port, of
 * which a node has only one, how ECS places its tasks, what load balancers rely on in them, and the repositories of
 * their images. Compares only what the states record; those of earlier releases lack some of it.
 *
 * @throws {Refusal} with the steps in which it can be changed.
 */
export async function refuseMovedSites(deployment: Deployment, selected: readonly Stack[]): Promise<void> {
  const { config, file } = deployment.environment;
  const problems: string[] = [];
  for (const [name, site] of Object.entries(config.sites)) {
    const id = computeStack(name);
    const deployed = await deployedOutput(id, "region", deployment);
    if (site.kind === "digitalocean" && deployed !== undefined && deployed !== site.region) {
      problems.push(
        `${file}: sites.${name}.region is ${site.region}, but the site is deployed in ${deployed}: its nodes and its load ` +
          `balancer would be destroyed before others are made. Put ${deployed} back, add a site for ${site.region} under ` +
          `another name, deploy, and direct clients to it; then run "npm run destroy -- ${id}" and remove ${name}.`,
      );
    }
  }
  problems.push(
    ...(await changedServices(deployment)),
    ...(await changedHandover(deployment, selected)),
    ...(await droppedImages(deployment, selected)),
  );
  if (problems.length > 0) {
    throw new Refusal(problems.join("\n"));
  }
}
