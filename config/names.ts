import type { Config } from "./schema";

/**
 * Parts of a name, kept apart by what no part may hold: `shop` and `eu-ams3` can't be taken for `shop-eu` and `ams3`.
 * Every service takes it in names; a colon or a full stop would do in some only.
 */
export const joined = (...parts: readonly string[]): string => parts.join("--");

/** Where a deployment is, and the name of every thing in both clouds, so that no two places can disagree about one. */
export function namesOf({ name, aws: { region, accountId, kmsKeyId } }: Pick<Config, "name" | "aws">) {
  const arn = (service: string, resource: string) => `arn:aws:${service}:${region}:${accountId}:${resource}`;
  return {
    deployment: name,
    awsRegion: region,
    account: accountId,
    /** ARN of the key that encrypts what AWS keeps; undefined where AWS's own keys do. */
    kmsKeyArn:
      kmsKeyId === undefined || kmsKeyId.startsWith("arn:") ? kmsKeyId : arn("kms", `key/${kmsKeyId}`),
    /** Where scripts look for the nodes and tasks of this deployment. */
    settings: { CLUSTER: name, AWS_REGION: region, ACCOUNT: accountId },
    cluster: name,
    clusterArn: arn("ecs", `cluster/${name}`),
    nodeRole: joined(name, "node"),
    /** Of a service or a job: with which ECS starts its tasks, that they themselves have, or with which it is scheduled. */
    role: (of: string, purpose: "execution" | "task" | "scheduler") => joined(name, of, purpose),
    deadLetters: joined(name, "dead-letters"),
    schedule: (job: string) => joined(name, job),
    /** Log group of a service or a job. */
    logs: (of: string) => `/ecs/${name}/${of}`,
    // Where ECS writes; it would make the group itself, without retention.
    insightsLogs: `/aws/ecs/containerinsights/${name}/performance`,
    repository: (image: string) => `${name}/${image}`,
    /** Family of the task definitions of a service at a site. */
    family: (service: string, site: string) => joined(name, service, site),
    /** Family of the task definitions with which tasks of a service are run by hand. */
    oneOffFamily: (service: string, site: string) => joined(name, service, site, "one-off"),
    jobFamily: (job: string) => joined(name, job),
    /** Of a site's tag, firewall and network. */
    site: (site: string) => joined(name, site),
    loadBalancer: (site: string, service: string) => joined(name, site, service),
    /** Of a node's droplet and activation. */
    node: (site: string, node: string) => joined(name, site, node),
    service: (service: string, site: string) => joined(service, site),
    /** Key of a stack's state, and name of its workspace. */
    state: (stack: string) => joined(name, stack),
    /** Topic from which people are told. */
    alerts: joined(name, "alerts"),
    /** Of what is looked out for: its rule, state machine and alarm, and their role. */
    alert: (...of: readonly string[]) => joined(name, ...of),
    /** Namespace of metrics that count errors in the logs. */
    errorMetrics: `Anywhere/${name}`,
    arn,
  };
}

export type Names = ReturnType<typeof namesOf>;

/** The ECS attributes and tags by which a node is found again. */
export const nodeTags = {
  deployment: "anywhere.deployment",
  site: "anywhere.site",
  node: "anywhere.node",
  generation: "anywhere.generation",
  /** All four, as `deployment/site/node/generation`: tag filters can't be combined. A tag only. */
  identity: "anywhere.identity",
} as const;

/**
 * The nodes of a site that have these attributes, in ECS's cluster query language. Source: Amazon ECS Developer Guide,
 * "Cluster query language".
 */
export function nodesWith(
  { deployment }: Names,
  site: string,
  attributes: Readonly<Record<string, string>> = {},
): string {
  const wanted = { [nodeTags.deployment]: deployment, [nodeTags.site]: site, ...attributes };
  return Object.entries(wanted)
    .map(([name, value]) => `attribute:${name} == ${value}`)
    .join(" and ");
}

/** Tag of a container instance whose agent is lost: since when. */
export const lostSinceTag = "anywhere.lost-since";

/** Tag of a container instance whose node is to be replaced by one with the newest agents: since when. */
export const replaceTag = "anywhere.replace-since";

/** Tags of a stack's resources at AWS. */
export function awsTags(config: Config): Record<string, string> {
  return { ...config.tags, [nodeTags.deployment]: config.name };
}

/** Tags of droplets besides the site's own; DigitalOcean knows no values. */
export function dropletTags(config: Config): string[] {
  return Object.entries(config.tags).map(([key, value]) => `${key}:${value}`);
}
