import { loadBalancerAt } from "../../config/services/entrances";
import { proxy, relianceOn, type Reliance } from "../../config/services/handover";
import type { Http } from "../../config/services/service";
import { resolveSites } from "../../config/sites/nodes";
import type { Deployment } from "../commands/prepared";
import { computeStack, serviceStack, type Stack } from "../terraform/stacks";
import { inOneGo } from "./changed-services";
import { deployedOutputs } from "./deployed-output";

/**
 * Changes that a deploy would make to load balancers before the tasks behind them can follow: the sites' stacks come
 * first. Load balancers may rely on less than the tasks provide, never on more.
 */
export async function changedHandover(deployment: Deployment, selected: readonly Stack[]): Promise<string[]> {
  const { config, file } = deployment.environment;
  const sites = resolveSites(config);
  const problems: string[] = [];
  for (const [name, service] of Object.entries(config.services)) {
    const led = [...sites.keys()].filter((site) => loadBalancerAt(service, sites, site) !== undefined);
    const deployed = led.length > 0 ? await deployedReliance(serviceStack(name), deployment) : undefined;
    if (service.http !== undefined && deployed !== undefined) {
      const before = selected.some(({ id }) => led.some((site) => id === computeStack(site)));
      const problem = problemOf(service.http, deployed, before, serviceStack(name));
      problems.push(...(problem === undefined ? [] : [`${file}: services.${name}.http.${problem}`]));
    }
  }
  return problems;
}

async function deployedReliance(id: string, deployment: Deployment): Promise<Reliance | undefined> {
  const outputs = (await deployedOutputs(id, deployment)) as Partial<Reliance>;
  const { checked_path, lame_duck_seconds, ready_after_seconds } = outputs;
  return checked_path === undefined || lame_duck_seconds === undefined || ready_after_seconds === undefined
    ? undefined
    : { checked_path, lame_duck_seconds, ready_after_seconds };
}

/** @param before whether load balancers would change in the same deploy, and so before the tasks */
function problemOf(http: Http, deployed: Reliance, before: boolean, id: string): string | undefined {
  const wanted = relianceOn(http);
  const fallsBehind = (["lame_duck_seconds", "ready_after_seconds"] as const).map(
    (seconds) => Number(wanted[seconds]) - Number(deployed[seconds]),
  );
  const grows = fallsBehind.some((difference) => difference > 0);
  const samePath = wanted.checked_path === deployed.checked_path;
  // Behind a proxy the app's own path keeps passing: load balancers that still ask it find the new tasks.
  const throughProxy = http.handover === "proxy" && http.health.path === deployed.checked_path;
  if (!samePath && !throughProxy) {
    const [setting, present, former] =
      deployed.checked_path === proxy.healthPath
        ? ["handover", http.handover, "proxy"]
        : ["health.path", http.health.path, deployed.checked_path];
    return (
      `${setting} is ${present}, but the service is deployed with ${former}: load balancers would request a path ` +
      `that its tasks don't know. Put ${former} back, or ${inOneGo(id)}`
    );
  }
  if (grows && fallsBehind.some((difference) => difference < 0)) {
    return (
      "health makes one of a task's times longer and the other shorter: tasks must get the longer one before load " +
      "balancers do, and the shorter one after them. Change unhealthyAfter and healthyAfter in two deploys."
    );
  }
  return (grows || !samePath) && before
    ? `${samePath ? "health" : "handover"} has changed in a way that tasks must follow before load balancers ` +
        `do: run "npm run deploy -- ${id}" first, and then "npm run deploy".`
    : undefined;
}
