import { expect } from "@jest/globals";
import type { Ended } from "../../../demo/command";
import { awsClients, findSite, listDroplets, listManagedInstances, nothing } from "../observation/clouds";
import type { Found, ListedDroplet } from "../observation/clouds";
import { startLifeCycle, type LifeCycle, type LifeCycleOptions } from "./life-cycle";

/** A life cycle whose sites are looked at from outside, by both clouds' APIs. */
export interface ObservedLife extends LifeCycle {
  /** They end with the cloud. */
  readonly clients: ReturnType<typeof awsClients>;
  find(site: string): Promise<Found>;
  droplets(site: string): Promise<ListedDroplet[]>;
  /** Ids of the managed instances that have used an activation. */
  usersOf(activation: string): Promise<string[]>;
  /** Both clouds have nothing of the site any more, nor does its state. */
  expectNothing(site: string): Promise<void>;
  /** Destroys a site, which must leave nothing. */
  expectDestroyed(site: string, variables?: NodeJS.ProcessEnv): Promise<Ended>;
}

/** The gate gives up soon: for what does not come. */
export const impatient = { TIMEOUT_SECONDS: "3" };

/** The gate's advice when only a new machine helps. */
export const remedy = (site: string, node: string) =>
  `replace the node with \`npm run deploy -- --replace ${site}/${node}\``;

/** {@link startLifeCycle}, observed. */
export async function startObservedLife(options: LifeCycleOptions): Promise<ObservedLife> {
  const life = await startLifeCycle(options);
  const { cloud, deployment } = life;
  const clients = awsClients(cloud);
  const find = (site: string) => findSite(cloud, deployment, site);
  const expectNothing = async (site: string) => {
    expect(await find(site)).toEqual(nothing);
    expect(await life.site(site).state()).toEqual([]);
  };
  return {
    ...life,
    clients,
    find,
    droplets: (site) => listDroplets(cloud, `${deployment}--${site}--`),
    usersOf: (id) => listManagedInstances(clients.ssm, [{ Key: "ActivationIds", Values: [id] }]),
    expectNothing,
    expectDestroyed: async (site, variables) => {
      const ended = await life.site(site).destroy(variables);
      expect(ended).toSucceed();
      await expectNothing(site);
      return ended;
    },
    stop: async () => {
      clients.ecs.destroy();
      clients.ssm.destroy();
      await life.stop();
    },
  };
}
