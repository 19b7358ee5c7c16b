import { entrancesAt } from "../../config/services/entrances";
import { resolveSites } from "../../config/sites/nodes";
import { isComputeStack, siteOf } from "../terraform/stacks";
import type { Check, Undertaking } from "./check";

/**
 * Whether an environment asks more of clouds that run on one computer than they can do, which their shell says.
 * Otherwise a deploy would fail minutes later, at a node that finds no activation, or at a load balancer.
 */
export const embeddedCloudProblems: Check = (undertaking) =>
  Promise.resolve(
    undertaking.command === "deploy" && undertaking.selected.some(isComputeStack)
      ? [...regionProblems(undertaking), ...portProblems(undertaking)]
      : [],
  );

function regionProblems({ environment: { config, file }, variables }: Undertaking): string[] {
  const region = variables["ANYWHERE_NODE_REGION"] ?? "";
  return region === "" || region === config.aws.region
    ? []
    : [
        `the local cloud of this shell registers nodes only in ${region}, and ${file} says aws.region ` +
          `${config.aws.region}: set it to ${region} there`,
      ];
}

function portProblems({ environment: { config, file }, selected, variables }: Undertaking): string[] {
  const lowest = Number(variables["ANYWHERE_LOWEST_PORT"] ?? 0);
  const sites = resolveSites(config);
  const low = selected
    .filter(isComputeStack)
    .flatMap((stack) => entrancesAt(config.services, sites, siteOf(stack)))
    .flatMap(({ service, http, loadBalancer: { network, listeners } }) =>
      network === "internal"
        ? []
        : listeners
            .filter(({ port }) => port < lowest)
            .map(({ port }) => ({ service, port, free: http.port })),
    );
  const problems = low.map(
    ({ service, port, free }) =>
      `the local cloud of this shell can't listen on ports below ${lowest}, since root didn't start it, and ` +
      `services.${service} of ${file} has a listener on ${port}: set its http.loadBalancer.listeners to ` +
      `[{ protocol: "http", port: ${Math.max(free, lowest)} }] there`,
  );
  return [...new Set(problems)];
}
