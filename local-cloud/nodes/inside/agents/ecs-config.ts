import { join } from "node:path";
import { readIfThere } from "./registration";
import type { Settings } from "../settings";

/** The ECS agent's configuration. */
export interface EcsConfig {
  readonly cluster: string;
  readonly region: string;
  readonly attributes: readonly { readonly name: string; readonly value: string }[];
  readonly tags: readonly { readonly key: string; readonly value: string }[];
}

/**
 * Reads the ECS agent's configuration as ecs-init does: `/etc/ecs/ecs.config` overrides `/var/lib/ecs/ecs.config`, a
 * later line an earlier one, and quotes are part of a value.
 * Source: amazon-ecs-agent, ecs-init/config and README, "Environment Variables".
 */
export async function readEcsConfig(settings: Settings): Promise<EcsConfig> {
  const files = ["/var/lib/ecs/ecs.config", "/etc/ecs/ecs.config"];
  const texts = await Promise.all(files.map((path) => readIfThere(join(settings.root, path))));
  const values = new Map(
    texts
      .flatMap((text) => text.split("\n"))
      .filter((line) => line.includes("=") && !line.startsWith("#"))
      .map((line) => [line.slice(0, line.indexOf("=")).trim(), line.slice(line.indexOf("=") + 1).trim()]),
  );
  if (values.get("ECS_EXTERNAL") !== "true") {
    throw new Error(
      "ECS_EXTERNAL=true is missing: there is no EC2 metadata service here to read an identity from",
    );
  }
  const region = values.get("AWS_DEFAULT_REGION");
  if (region === undefined || region === "") {
    throw new Error("AWS_DEFAULT_REGION is missing in /var/lib/ecs/ecs.config and /etc/ecs/ecs.config");
  }
  return {
    region,
    cluster: values.get("ECS_CLUSTER") ?? "default",
    attributes: pairs("ECS_INSTANCE_ATTRIBUTES", values).map(([name, value]) => ({ name, value })),
    tags: pairs("ECS_CONTAINER_INSTANCE_TAGS", values).map(([key, value]) => ({ key, value })),
  };
}

function pairs(variable: string, values: ReadonlyMap<string, string>): [string, string][] {
  const text = values.get(variable) ?? "{}";
  let object: unknown;
  try {
    object = JSON.parse(text);
  } catch {
    object = undefined;
  }
  if (typeof object !== "object" || object === null || Array.isArray(object)) {
    throw new Error(`${variable} must be a JSON object on one line, without quotes around it (got ${text})`);
  }
  return Object.entries(object).map(([name, value]) => [name, String(value)]);
}
