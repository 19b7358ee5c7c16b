import type { Deployment } from "../commands/prepared";
import { Refusal } from "./refusal";
import { computeStack, serviceStack } from "../terraform/stacks";

/**
 * Makes sure that no change takes down what runs before anything takes its place: a site's region, and the port of a
 * service, of which a node has one. States of earlier releases, which tell neither, are not compared.
 *
 * @throws {Refusal} with the steps in which it can be changed.
 */
export async function refuseMovedSites(deployment: Deployment): Promise<void> {
  const { config, file } = deployment.environment;
  const problems: string[] = [];
  for (const [name, site] of Object.entries(config.sites)) {
    const id = computeStack(name);
    const deployed = await deployedOutput(id, "region", deployment);
    if (site.kind === "digitalocean" && deployed !== undefined && deployed !== site.region) {
      problems.push(
        `${file}: sites.${name}.region is ${site.region}, but the site is deployed in ${deployed}: its nodes and its load ` +
          `balancer would be destroyed before others are made. Put ${deployed} back, add a site for ${site.region} under ` +
          `another name, deploy, and lead clients to it; then run "npm run destroy -- ${id}" and remove ${name}.`,
      );
    }
  }
  for (const [name, { http }] of Object.entries(config.services)) {
    const id = serviceStack(name);
    const port = http && (await deployedOutput(id, "port", deployment));
    if (port !== undefined && port !== String(http?.port)) {
      problems.push(
        `${file}: services.${name}.http.port is ${http?.port}, but the service is deployed with ${port}: load balancers ` +
          `would lead to the one while tasks listen on the other. Put ${port} back; or, which stops the service until ` +
          `the end of the deploy, run "npm run destroy -- ${id}" and then "npm run deploy".`,
      );
    }
  }
  if (problems.length > 0) {
    throw new Refusal(problems.join("\n"));
  }
}

/** An output of a stack that has resources. */
async function deployedOutput(id: string, output: string, { stacks, terraform }: Deployment) {
  const stack = stacks.find((one) => one.id === id);
  if (stack === undefined) {
    return undefined;
  }
  const { resources, outputs } = await terraform.state(stack.folder);
  return resources > 0 ? (outputs[output] as string | undefined) : undefined;
}
