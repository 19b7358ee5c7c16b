import type { Config } from "./schema";

/**
 * Parts of a name, joined by a separator that no part may contain: `shop` and `eu-ams3` can't be mistaken for `shop-eu`
 * and `ams3`. Every service accepts it in names; only some accept a colon or a full stop.
 */
export const joined = (...parts: readonly string[]): string => parts.join("--");

/**
 * The deployment's location and the name of every resource in both clouds, defined only here, so that names can't
 * diverge.
 */
export function namesOf({ name, aws: { region, accountId, kmsKeyId } }: Pick<Config, "name" | "aws">) {
  const arn = (service: string, resource: string) => `arn:aws:${service}:${region}:${accountId}:${resource}`;
  return {
    deployment: name,
    awsRegion: region,
    account: accountId,
    /** ARN of the key that encrypts data at rest at AWS; undefined when AWS's own keys do. */
    kmsKeyArn:
      kmsKeyId === undefined || kmsKeyId.startsWith("arn:") ? kmsKeyId : arn("kms", `key/${kmsKeyId}`),
    /** Where scripts look for the nodes and tasks of this deployment. */
    settings: { CLUSTER: name, AWS_REGION: region, ACCOUNT: accountId },
    cluster: name,
    clusterArn: arn("ecs", `cluster/${name}`),
    nodeRole: joined(name, "node"),
    /**
     * A role of a service or a job: ECS starts its tasks with it, the tasks have it, or the scheduler starts the job
     * with it.
     */
    role: (of: string, purpose: "execution" | "task" | "scheduler") => joined(name, of, purpose),
    deadLetters: joined(name, "dead-letters"),
    schedule: (job: string) => joined(name, job),
    /** Log group of a service or a job. */
    logs: (of: string) => `/ecs/${name}/${of}`,
    // ECS writes here; it would create the group itself, without a retention period.
    insightsLogs: `/aws/ecs/containerinsights/${name}/performance`,
    repository: (image: string) => `${name}/${image}`,
    /** Family of the task definitions of a service at a site. */
    family: (service: string, site: string) => joined(name, service, site),
    /** Family of the task definitions for a service's tasks that are run by hand. */
    oneOffFamily: (service: string, site: string) => joined(name, service, site, "one-off"),
    jobFamily: (job: string) => joined(name, job),
    /** Name of a site's tag, firewall and network. */
    site: (site: string) => joined(name, site),
    loadBalancer: (site: string, service: string) => joined(name, site, service),
    /** Name of a node's droplet and activation. */
    node: (site: string, node: string) => joined(name, site, node),
    service: (service: string, site: string) => joined(service, site),
    /** Key of a stack's state, and name of its workspace. */
    state: (stack: string) => joined(name, stack),
    /** Topic that notifies people. */
    alerts: joined(name, "alerts"),
    /** Not just `name`: CloudWatch overwrites a dashboard of the same name, whoever created it. */
    dashboard: joined(name, "services"),
    /** Name of a monitored condition: its rule, state machine and alarm, and their role. */
    alert: (...of: readonly string[]) => joined(name, ...of),
    /** Namespace of metrics that count errors in the logs. */
    errorMetrics: `Anywhere/${name}`,
    arn,
  };
}

export type Names = ReturnType<typeof namesOf>;

/** The ECS attributes and tags that identify a node. */
export const nodeTags = {
  deployment: "anywhere.deployment",
  site: "anywhere.site",
  node: "anywhere.node",
  generation: "anywhere.generation",
  /** All four, as `deployment/site/node/generation`: tag filters can't be combined. Only a tag, not an attribute. */
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
  const written = Object.entries(attributes).map(([name, value]) => [name, literal(value)]);
  const wanted = [[nodeTags.deployment, deployment], [nodeTags.site, site], ...written];
  return wanted.map(([name = "", value = ""]) => `attribute:${name} == ${value}`).join(" and ");
}

/**
 * A value in quotes unless it begins with a letter. Attributes are compared as texts, but nothing says that `12.0`
 * without quotes is a text and not the number 12.
 */
function literal(value: string): string {
  return /^[a-z]/i.test(value) ? value : `'${value}'`;
}

/** Tag of a container instance whose agent is lost: the time since which it is. */
export const lostSinceTag = "anywhere.lost-since";

/** Tag of a container instance whose node is to be replaced to get the newest agents: the time it was marked. */
export const replaceTag = "anywhere.replace-since";

/** Tags of a stack's resources at AWS. */
export function awsTags(config: Config): Record<string, string> {
  return { ...config.tags, [nodeTags.deployment]: config.name };
}

/** Tags of droplets besides the site's own; DigitalOcean's tags have no values. */
export function dropletTags(config: Config): string[] {
  return Object.entries(config.tags).map(([key, value]) => `${key}:${value}`);
}
