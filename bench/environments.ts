import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Environment } from "../config/schema";
import local from "../config/environments/local";

/** Folder for all files of the measurements. */
export const folder = resolve(".local-cloud", "bench");

/** The image of the sample application, which the local cloud has. */
export const image = "localhost/anywhere/app:v1";

/** The size of a measured environment. */
export interface Size {
  readonly sites: number;
  /** At each site. */
  readonly nodes: number;
  /** Each of them at every site. */
  readonly services: number;
}

/** Writes an environment of this size for the local cloud, and returns its file. */
export function environmentFile(name: string, { sites, nodes, services }: Size): string {
  const each = (count: number, make: (number: number) => readonly [string, unknown]) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => make(index + 1)));
  const environment = {
    name: `bench-${name}`,
    aws: local.aws,
    installer: local.installer,
    backend: { kind: "local", folder: join(folder, "state") },
    sites: each(sites, (number) => [`site-${number}`, { kind: "digitalocean", region: "ams3", nodes }]),
    services: each(services, (number) => [
      `app-${number}`,
      { image, security: "strict", http: { port: 8079 + number, handover: "app" } },
    ]),
  } as Environment;
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(environment));
  return file;
}
