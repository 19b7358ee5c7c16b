import { executionOf } from "../../../config/backend-rules";
import type { DigitalOceanSite } from "../../../config/sites/digitalocean-site";
import { computeStack } from "../../terraform/stacks";
import type { Check, Undertaking } from "../check";
import { DigitalOcean, digitalOceanToken, Refused, unlessDenied } from "./api";
import { scopeProblems } from "./scopes";
import { dropletProblems, type Account } from "./droplets";
import { unreachable } from "../reachability";

/**
 * Whether DigitalOcean accepts the token, and will carry out the command's requests. A plan only reads: it reports what
 * a deploy will need; a destroy only deletes, and needs no quota, sizes or images. Where HCP Terraform runs Terraform,
 * the token is a variable there, and one here is used only for these checks.
 */
export const digitalOceanProblems: Check = async (undertaking) => {
  const { command, variables, deadline, notice } = undertaking;
  const sites = digitalOceanSites(undertaking);
  const [needing] = sites.keys();
  if (needing === undefined) {
    return [];
  }
  const set = digitalOceanToken(variables);
  if (set === undefined && executionOf(undertaking.environment.config.backend) !== "local") {
    notice("DigitalOcean was not checked: DIGITALOCEAN_TOKEN is not set here, and doesn't have to be.");
    return [];
  }
  if (set === undefined) {
    return [
      `no DigitalOcean token for site ${needing}: set DIGITALOCEAN_TOKEN to an API token with read and write scope`,
    ];
  }
  const api = new DigitalOcean(set.token, variables, deadline);
  try {
    const path = "/v2/account";
    const read = api.get<{ account?: Account }>(path);
    const answer = await unlessDenied("The DigitalOcean account was", read, notice);
    const account = answer?.account;
    const [scopes, droplets] = await Promise.all([
      command === "diff"
        ? []
        : scopeProblems(api, command, [...sites.keys()], undertaking.environment.config),
      command === "destroy" ? [] : dropletProblems(api, account, sites, undertaking),
    ]);
    if (command === "deploy") {
      return [...scopes, ...droplets];
    }
    droplets.forEach((problem) => {
      notice(`A deploy will be refused: ${problem}.`);
    });
    return scopes;
  } catch (error) {
    if (error instanceof Refused) {
      return [refusal(error, set.variable)];
    }
    const digitalOcean = {
      name: "DigitalOcean's API",
      subject: "The DigitalOcean token was",
      setting: "DIGITALOCEAN_API_URL if it is set",
    };
    return unreachable(digitalOcean, error, undertaking);
  }
};

/** The DigitalOcean sites whose stacks the command works on, by name. */
function digitalOceanSites({ environment, selected }: Undertaking): ReadonlyMap<string, DigitalOceanSite> {
  const ids = selected.map(({ id }) => id);
  return new Map(
    Object.entries(environment.config.sites).flatMap(([name, site]) =>
      site.kind === "digitalocean" && ids.includes(computeStack(name)) ? [[name, site] as const] : [],
    ),
  );
}

function refusal({ status, message }: Refused, variable: string): string {
  return status === 401
    ? `DigitalOcean rejects the token in ${variable} (${message}): set it to a valid API token with read and write scope`
    : `DigitalOcean answers ${status} (${message}): check DIGITALOCEAN_API_URL if it is set, wait a few minutes and run again`;
}
