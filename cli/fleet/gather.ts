import { namesOf } from "../../config/names";
import type { Config } from "../../config/schema";
import { clientSettings, reasonOf } from "../aws/client";
import { DigitalOcean, digitalOceanToken } from "../checks/digitalocean/api";
import { Refusal } from "../refusals/refusal";
import { assemble } from "./assembly/assemble";
import { askDigitalOcean, type DigitalOceanAnswer } from "./sources/digitalocean";
import { askEcs, type EcsAnswer } from "./sources/ecs";
import { eventsOf, type FleetEvent } from "./events";
import { expectedOf, type Expected } from "./expected";
import type { Fleet, Source } from "./fleet";
import { bound, withCluster } from "./sources/cluster";
import { askSystemsManager, type SystemsManagerAnswer } from "./sources/systems-manager";
import { familiesOf, taskFrom } from "./tasks";

/**
 * Queries both clouds in parallel for all parts of a deployment. If one cloud can't be queried, only its part is
 * missing.
 *
 * @throws {Refusal} when the account has no such deployment.
 */
export async function gatherFleet(config: Config, variables: NodeJS.ProcessEnv): Promise<Fleet> {
  return (await observeFleet(config, variables, Object.keys(config.jobs))).fleet;
}

/** A fleet and its events. */
export interface Observed {
  readonly fleet: Fleet;
  /** The newest last. */
  readonly events: readonly FleetEvent[];
}

/**
 * The same, with what ECS reports about the past.
 *
 * @param ended services and jobs whose ended tasks are included
 * @throws {Refusal} when the account has no such deployment.
 */
export async function observeFleet(
  config: Config,
  variables: NodeJS.ProcessEnv,
  ended: readonly string[],
): Promise<Observed> {
  const expected = expectedOf(config);
  const unanswered: { source: Source; reason: string }[] = [];
  const answered = async <T>(source: Source, question: Promise<T>): Promise<T | undefined> => {
    try {
      return await question;
    } catch (error) {
      if (error instanceof Refusal) {
        throw error;
      }
      unanswered.push({ source, reason: reasonOf(error) });
      return undefined;
    }
  };
  const deadline = AbortSignal.timeout(bound * 1000);
  const [ecs, systemsManager, digitalOcean] = await Promise.all([
    answered("ECS", ofEcs(config, expected, ended)),
    answered("Systems Manager", ofSystemsManager(config, expected)),
    answered("DigitalOcean", ofDigitalOcean(config, expected, variables, deadline)),
  ]);
  const answers = { ecs, systemsManager, digitalOcean, unanswered };
  const families = familiesOf(config, expected);
  const tasks = (ecs?.tasks ?? []).map((task) => taskFrom(task, families));
  return {
    fleet: assemble(config, expected, answers, tasks, new Date()),
    events: eventsOf(ecs?.services ?? [], tasks, ecs?.containerInstances ?? []),
  };
}

function ofEcs(config: Config, expected: Expected, ended: readonly string[]): Promise<EcsAnswer> {
  const { services } = expected;
  return withCluster(config, (client, cluster) =>
    askEcs(client, {
      cluster,
      services: services.map(({ name }) => name),
      endedOf: [...familiesOf(config, expected)]
        .filter(([, of]) => ended.includes(of))
        .map(([family]) => family),
    }),
  );
}

async function ofSystemsManager(config: Config, { sites }: Expected): Promise<SystemsManagerAnswer> {
  const names = namesOf(config);
  const machines = [...sites].flatMap(([site, { nodes }]) =>
    [...nodes.keys()].map((node) => names.node(site, node)),
  );
  const { SSMClient } = await import("@aws-sdk/client-ssm");
  const client = new SSMClient(clientSettings(config.aws.region, bound));
  try {
    return await askSystemsManager(client, names.nodeRole, machines);
  } finally {
    client.destroy();
  }
}

async function ofDigitalOcean(
  config: Config,
  { sites, entrances }: Expected,
  variables: NodeJS.ProcessEnv,
  deadline: AbortSignal,
): Promise<DigitalOceanAnswer> {
  const tags = [...sites]
    .filter(([, { kind }]) => kind === "digitalocean")
    .map(([site]) => namesOf(config).site(site));
  if (tags.length === 0) {
    return { droplets: [], loadBalancers: [], measurements: [] };
  }
  const { token } = digitalOceanToken(variables) ?? {};
  if (token === undefined) {
    throw new Error("no token: set DIGITALOCEAN_TOKEN to an API token with read scope");
  }
  const api = new DigitalOcean(token, variables, deadline);
  return askDigitalOcean(api, { tags, loadBalancers: entrances.map(({ name }) => name) });
}
