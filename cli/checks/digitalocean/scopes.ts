import type { Config } from "../../../config/schema";
import { entrancesAt } from "../../../config/services/entrances";
import { resolveSites } from "../../../config/sites/nodes";
import type { DigitalOcean } from "./api";

/** The kinds of resources that a site has at DigitalOcean, by the names of their scopes, with the path of each. */
const paths = {
  tag: "/v2/tags",
  load_balancer: "/v2/load_balancers",
  firewall: "/v2/firewalls",
  droplet: "/v2/droplets",
  vpc: "/v2/vpcs",
  certificate: "/v2/certificates",
};

type Kind = keyof typeof paths;

/** Neither a number nor a UUID nor a tag's name: no resource has it. */
const nothing = "no.such.thing";

/** Calls that test each scope. They can't do anything, since they name no resource. */
const attempts = {
  create: { method: "POST", suffix: "" },
  update: { method: "PUT", suffix: `/${nothing}` },
  delete: { method: "DELETE", suffix: `/${nothing}` },
};

type Action = keyof typeof attempts;

/**
 * A line about the scopes that a command needs and the token lacks. The API can't list a token's scopes, but answers a
 * call without the scope with 403 before it examines the call; with the scope it answers these with 404 or 422. Any
 * other answer proves nothing, and counts as good.
 * Source: DigitalOcean, "Scopes for API Tokens".
 */
export async function scopeProblems(
  api: DigitalOcean,
  command: "deploy" | "destroy",
  sites: readonly string[],
  config: Config,
): Promise<string[]> {
  const kinds = kindsOf(sites, config);
  const scopes =
    command === "deploy" ? scopesOfDeploy(kinds) : kinds.map((kind) => [kind, "delete"] as const);
  const answers = await Promise.all(
    scopes.map(async ([kind, action]) => {
      const { method, suffix } = attempts[action];
      return { scope: `${kind}:${action}`, ...(await api.attempt(method, paths[kind] + suffix)) };
    }),
  );
  const lacking = answers.filter(({ status }) => status === 403);
  const [first] = lacking;
  return first === undefined
    ? []
    : [
        `the DigitalOcean token lacks ${lacking.map(({ scope }) => scope).join(", ")} (${first.message}): ` +
          `a ${command} needs a token with full access, or with these scopes`,
      ];
}

/** Droplets may have to be replaced; everything else is changed in place. */
function scopesOfDeploy(kinds: readonly Kind[]): (readonly [Kind, Action])[] {
  return [
    ...kinds.map((kind) => [kind, "create"] as const),
    ...(kinds.includes("load_balancer") ? [["load_balancer", "update"] as const] : []),
    ["firewall", "update"],
    ["droplet", "delete"],
  ];
}

function kindsOf(names: readonly string[], config: Config): Kind[] {
  const sites = resolveSites(config);
  const entrances = names.flatMap((site) => entrancesAt(config.services, sites, site));
  const ownVpc = names.some((name) => {
    const site = config.sites[name];
    return site?.kind === "digitalocean" && site.vpc !== "default";
  });
  const managed = entrances.some(({ loadBalancer }) =>
    loadBalancer.listeners.some(
      (listener) => listener.protocol === "https" && "domains" in listener.certificate,
    ),
  );
  return [
    "tag",
    ...(entrances.length > 0 ? (["load_balancer"] as const) : []),
    "firewall",
    "droplet",
    ...(ownVpc ? (["vpc"] as const) : []),
    ...(managed ? (["certificate"] as const) : []),
  ];
}
