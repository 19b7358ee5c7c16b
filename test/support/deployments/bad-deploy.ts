import type { ECSClient, Service } from "@aws-sdk/client-ecs";
import type { Environment } from "../../../config/schema";
import type { Ended } from "../../../demo/command";
import type { LoadResult } from "../../../local-cloud/load/load";
import type { Entry } from "../../../local-cloud/world";
import { imageOf, type Version } from "../programs/app-versions";
import { eventually } from "../jest/eventually";
import { type LifeCycle } from "./life-cycle";
import { sample } from "./sample-environment";
import { activeRevisions, serviceOf } from "../observation/services";
import { readPage, underLoad, type Page } from "./site-load";

/** Requests a second: enough to tell a failure from none. */
export const rate = 20;

/** The part of an environment that says which version runs. */
export function running(version: Version, environment: Record<string, string> = {}): Partial<Environment> {
  return { services: { web: sample({ image: imageOf(version), environment }) } };
}

/** The outcome of a deploy under load. */
export interface Deploy {
  readonly ended: Ended;
  readonly load: LoadResult;
  readonly service: Service;
  readonly pages: readonly Page[];
}

/** Applies the service as it is configured, and looks at a site when ECS has done with it. */
async function deploy(ecs: ECSClient, life: LifeCycle, site: string): Promise<Deploy> {
  const { loads, result: ended } = await underLoad(life, { [site]: rate }, async () => {
    const applied = await life.web.apply();
    // A deploy fails as soon as ECS goes back, not when it has come back.
    await eventually(`a settled service of ${site}`, async () => {
      const { deployments = [] } = await serviceOf(ecs, life, site);
      return (deployments.length === 1 && deployments[0]?.rolloutState === "COMPLETED") || undefined;
    });
    return applied;
  });
  return {
    ended,
    load: loads[site] as LoadResult,
    service: await serviceOf(ecs, life, site),
    pages: await readPage(life, site, 8),
  };
}

/** A bad deploy, and the good one after it. */
export interface Story {
  readonly before: string;
  readonly bad: Deploy;
  /** ACTIVE revisions after it. */
  readonly kept: readonly string[];
  /** The actions of the plan after it. */
  readonly planned: Readonly<Record<string, string>>;
  readonly good: Deploy;
  /** The events during the good one. */
  readonly journal: readonly Entry[];
  readonly revisions: readonly string[];
  /** Whether Terraform still keeps a revision that it means to deregister. */
  readonly deposed: boolean;
}

/** Deploys this version to the site `pair` of two nodes, which ECS rolls back, and then a good one. */
export async function tell(
  ecs: ECSClient,
  life: LifeCycle,
  version: Version,
  prepare: () => void = () => undefined,
): Promise<Story> {
  const [before = ""] = await activeRevisions(ecs, life, "pair");
  life.configure({}, running(version));
  prepare();
  const bad = await deploy(ecs, life, "pair");
  const kept = await activeRevisions(ecs, life, "pair");
  const planned = await life.changes("service-web");
  life.configure({}, running("better"));
  const mark = await life.mark();
  const good = await deploy(ecs, life, "pair");
  const state = await life.terraform("service-web", "state", "pull");
  return {
    before,
    bad,
    kept,
    planned,
    good,
    journal: await life.since(mark),
    revisions: await activeRevisions(ecs, life, "pair"),
    deposed: state.includes('"deposed"'),
  };
}
