import { afterEach, beforeEach } from "@jest/globals";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkSeconds, type Undertaking } from "../../../cli/checks/check";
import { parseConfig } from "../../../config/load";
import type { Environment } from "../../../config/schema";

/** A folder for a test, and what can be made of it. */
export interface Desk {
  readonly folder: string;
  /** A command on the stacks with these ids, of an environment that has these fields; without network or programs. */
  undertake(options: {
    readonly command?: Undertaking["command"];
    readonly stacks?: readonly string[];
    readonly environment?: Partial<Environment>;
    readonly variables?: NodeJS.ProcessEnv;
    readonly seconds?: number;
  }): Undertaking;
  /** Makes a folder of programs, each with this line as its shell script. */
  programs(lines: Readonly<Record<string, string>>): string;
}

export const accountId = "111122223333";

const file = "environment.json";

/** Resources of stacks, as far as checks look at them: the provisioners of all but control-plane run scripts. */
function resourcesOf(stack: string): object {
  const provisioner = { "local-exec": [] };
  if (stack === "control-plane") {
    return { aws_ecs_cluster: { cluster: {} } };
  }
  return {
    null_resource:
      stack === "service-web"
        ? { image: { provisioner, triggers: { IMAGE: "app", TAG: "0123abcd" } } }
        : { deregistration: { provisioner } },
  };
}

/** Makes a desk for each test of a file. */
export function useDesk(): () => Desk {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "checks-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const stackOf = (id: string) => {
    const place = join(folder, "stacks", id);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "cdk.tf.json"), JSON.stringify({ resource: resourcesOf(id) }));
    return { id, folder: place, dependencies: [], reads: [], terraform: {} };
  };
  const desk: Desk = {
    get folder() {
      return folder;
    },
    undertake: ({ command = "deploy", stacks = ["service-web"], environment, variables = {}, seconds }) => ({
      command,
      environment: {
        name: "environment",
        file,
        config: parseConfig(
          {
            name: "shop",
            aws: { region: "eu-west-1", accountId },
            sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: 2 } },
            services: { web: { image: "registry.example/app:v1", http: { port: 8080 } } },
            ...environment,
          },
          file,
        ),
        rollbacks: {},
      },
      selected: stacks.map(stackOf),
      variables: {
        PATH: "/nowhere",
        HOME: folder,
        TF_PLUGIN_CACHE_DIR: join(folder, "plugins"),
        ...variables,
      },
      deadline: AbortSignal.timeout((seconds ?? checkSeconds) * 1000),
      notice: (text) => {
        console.error(text);
      },
    }),
    programs: (lines) => {
      const bin = mkdtempSync(join(folder, "bin-"));
      for (const [name, line] of Object.entries(lines)) {
        writeFileSync(join(bin, name), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
      }
      return bin;
    },
  };
  return () => desk;
}
