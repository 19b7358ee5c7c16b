import { schedulingOf, type Service } from "../../config/services/service";
import type { Deployment } from "../commands/prepared";
import { serviceStack } from "../terraform/stacks";
import { deployedOutput } from "./deployed-output";

/** Settings of deployed services that no deploy can change without an interruption. */
export async function changedServices(deployment: Deployment): Promise<string[]> {
  const problems: string[] = [];
  for (const [name, service] of Object.entries(deployment.environment.config.services)) {
    problems.push(...(await changesOf(name, service, deployment)));
  }
  return problems;
}

async function changesOf(name: string, service: Service, deployment: Deployment): Promise<string[]> {
  const { http } = service;
  const id = serviceStack(name);
  const place = `${deployment.environment.file}: services.${name}`;
  const problems: string[] = [];
  const port = http && (await deployedOutput(id, "port", deployment));
  if (port !== undefined && port !== String(http?.port)) {
    problems.push(
      `${place}.http.port is ${http?.port}, but the service is deployed with ${port}: load balancers ` +
        `would connect to one while tasks listen on the other. Put ${port} back, or ${inOneGo(id)}`,
    );
  }
  const scheduling = await deployedOutput(id, "scheduling_strategy", deployment);
  if (scheduling !== undefined && scheduling !== schedulingOf(service)) {
    const [present, former] =
      service.placement === "every-node"
        ? ['"every-node"', "a number of tasks for each site"]
        : ["a number of tasks for each site", '"every-node"'];
    problems.push(
      `${place}.placement is ${present}, but the service is deployed with ${former}: ECS can't change one into the other, ` +
        `and its tasks would end before others start. Put it back, or ${inOneGo(id)}`,
    );
  }
  return problems;
}

/** The way that works for every change. */
export function inOneGo(id: string): string {
  return `run "npm run destroy -- ${id}" and then "npm run deploy", which stops the service until the deploy is complete.`;
}
