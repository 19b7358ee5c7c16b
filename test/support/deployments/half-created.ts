import { setTimeout as pause } from "node:timers/promises";
import { expect } from "@jest/globals";
import { eventually } from "../jest/eventually";
import { hold, refuse } from "./injection";
import { nodesOf } from "../observation/nodes";
import type { ObservedLife } from "./observed-life";
import { reasons } from "./terraform-output";

/**
 * Applies a site of one node, node-1, whose droplet DigitalOcean makes, without ever saying that it is ready; its
 * machine registers all the same. Returns the node, and its droplet's id.
 */
export async function createHalf(life: ObservedLife, site: string) {
  const answer = await hold(life, "digitalocean", "POST /v2/droplets", `shop--${site}--node-1`);
  const applied = life.site(site).apply();
  const droplet = await eventually("the droplet is there", async () => (await life.droplets(site))[0]);
  const see = await refuse(life, {
    service: "digitalocean",
    operation: "GET /v2/droplets/{droplet_id}",
    contains: `"${droplet.id}"`,
    status: 500,
    code: "server_error",
    message: "no status",
  });
  await answer();
  const ended = await applied;
  expect(ended.exitCode).toBe(1);
  expect(reasons(ended)).toMatch(/Error waiting for droplet \(\d+\) to become ready: .*500 no status/);
  await eventually("its machine is connected", async () =>
    (await life.find(site)).containerInstances.find(({ connected }) => connected),
  );
  await see();
  // DigitalOcean tells to the second when a droplet was made: a successor of this one is made in another second.
  await pause(1000);
  expect((await life.site(site).state()).filter((address) => address.startsWith("null_resource."))).toEqual([
    'null_resource.generation["node-1"]',
    'null_resource.guard["node-1"]',
    "null_resource.network",
  ]);
  return { node: (await nodesOf(life, site))("node-1"), droplet: String(droplet.id) };
}
