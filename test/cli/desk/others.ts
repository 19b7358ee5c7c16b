import { expect } from "@jest/globals";
import { nodeTags } from "../../../config/names";
import { seedForeign } from "../../../local-cloud/aws/foreign";
import type { DeskProject } from "./desk-project";
import type { StandInLogs } from "./stand-in-logs";

/** Name of an earlier certificate of the deployment, which no state has. */
export const certificate = "anywhere--ams3--web-443-20260101000000";

/** Adds log groups and an orphaned certificate of the deployment, and things of others that are named or tagged alike. */
export async function addOthers({ stage }: DeskProject, logs: StandInLogs): Promise<void> {
  const { ecs, world } = stage;
  const tags = { [nodeTags.deployment]: "shop", [nodeTags.site]: "ams3" };
  seedForeign({ world, settings: ecs.settings, now: ecs.now() }, { namePrefix: "anywhere", tags });
  for (const name of ["/ecs/anywhere/web", "/ecs/anywhere/old"]) {
    logs.groups.set(name, { [nodeTags.deployment]: "anywhere" });
  }
  logs.groups.set("/ecs/anywhere/theirs", {});
  // Named alike without the tag of a site of ours, and with the tag alone.
  const droplet = { region: "ams3", size: "s-1vcpu-1gb", image: "ubuntu-24-04-x64" };
  await post(stage.clouds, "/v2/droplets", { ...droplet, name: "anywhere--ams3--node-9", tags: ["theirs"] });
  await post(stage.clouds, "/v2/droplets", { ...droplet, name: "theirs", tags: ["anywhere--ams3"] });
  for (const name of [certificate, "anywhere-theirs"]) {
    await post(stage.clouds, "/v2/certificates", {
      name,
      type: "lets_encrypt",
      dns_names: ["www.example.com"],
    });
  }
}

async function post(clouds: NodeJS.ProcessEnv, path: string, body: object): Promise<void> {
  const { DIGITALOCEAN_API_URL: url = "", DIGITALOCEAN_TOKEN: token = "" } = clouds;
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
  expect([response.ok, path]).toEqual([true, path]);
}
