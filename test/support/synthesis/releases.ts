import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Environment } from "../../../config/schema";
import { signingKeyFingerprint } from "../../../local-cloud/nodes/origin/signature";
import { synthInto } from "./synth";

/** The output of each release, by version: see test/releases/README.md. */
const recorded = resolve("test/releases");

/** Stands in the recorded JSON for the folder of the states. */
const states = "/states-of-this-release";

/** Versions that have been recorded, the oldest first. */
export function recordedReleases(): string[] {
  return readdirSync(recorded, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

/** A deployment with a site of each kind, as the present release's configuration writes it. */
export function releasedEnvironment(stateFolder: string) {
  return {
    name: "released",
    aws: { region: "eu-west-1", accountId: "123456789012" },
    backend: { kind: "local", folder: stateFolder },
    installer: { signingKey: signingKeyFingerprint },
    sites: {
      ams3: {
        kind: "digitalocean",
        region: "ams3",
        nodes: { "web-1": {}, "web-2": { attributes: { disk: "ssd" }, replacement: 1 } },
        vpc: { ipRange: "10.20.0.0/20" },
      },
      berlin: { kind: "on-premises", nodes: { "rack-1": {} } },
    },
    images: { app: { build: "app" } },
    services: {
      web: {
        image: "localhost/anywhere/app:v1",
        http: {
          port: 8080,
          handover: "app",
          loadBalancer: { listeners: [{ protocol: "http", port: 8080 }], allowFrom: ["127.0.0.0/8"] },
        },
      },
    },
  } satisfies Environment;
}

/** Records what the present release synthesises, under its version. */
export function recordRelease(version: string): void {
  const folder = join(recorded, version);
  rmSync(folder, { recursive: true, force: true });
  synthInto(folder, releasedEnvironment(states));
}

/** Lays a recorded release out in a folder, with its states in another. */
export function layOut(version: string, folder: string, stateFolder: string): void {
  cpSync(join(recorded, version), folder, { recursive: true });
  for (const stack of readdirSync(join(folder, "stacks"))) {
    const file = join(folder, "stacks", stack, "cdk.tf.json");
    writeFileSync(file, readFileSync(file, "utf8").replaceAll(states, stateFolder));
  }
}
