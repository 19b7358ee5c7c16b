import { announceEnvironment } from "../commands/deployment";
import type { JsonOptions } from "../desk/options";
import { Feed } from "./feed";
import { lookAt } from "./look";
import { buildPage } from "./page-files";
import { servePage } from "./server";

export interface DashboardOptions extends JsonOptions {
  /** Any free port by default. */
  readonly port?: number;
  /** Seconds between two looks. */
  readonly every: number;
}

/**
 * Serves a page that shows a deployment live, until the process is stopped. The page is read-only, and the clouds are
 * queried only while a browser has it open.
 *
 * @throws {Refusal} when there is no such deployment, or the port is taken.
 */
export async function dashboard({ port = 0, every, json = false }: DashboardOptions): Promise<number> {
  const { config } = announceEnvironment(process.env);
  const look = () => lookAt(config, process.env);
  const url = await servePage(buildPage(), new Feed(look, await look(), every), port);
  console.log(json ? JSON.stringify({ deployment: config.name, url }) : url);
  console.error("Open this address in a browser on this computer; Ctrl-C ends it.");
  return new Promise<never>(() => undefined);
}
