import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readRegistration, register } from "../agents/registration";
import type { Settings } from "../settings";

/**
 * Sets a machine up without namespaces and without running its user-data, which would change this computer: takes the
 * settings from the exports at the script's beginning, and registers directly. False if that was done already.
 */
export async function setUpBare(settings: Settings): Promise<boolean> {
  if ((await readRegistration(settings)) !== undefined) {
    return false;
  }
  const script = await readFile(join(settings.root, "/var/lib/cloud/instance/scripts/part-001"), "utf8");
  const values = exports(script);
  const value = (name: string): string => {
    const found = values.get(name);
    if (found === undefined) {
      throw new Error(`user-data has no line export ${name}='…', which a machine without namespaces needs`);
    }
    return found;
  };
  const files = {
    "/etc/ecs/ecs.config": [
      `ECS_CLUSTER=${value("CLUSTER")}`,
      `ECS_INSTANCE_ATTRIBUTES=${value("ATTRIBUTES")}`,
      `ECS_CONTAINER_INSTANCE_TAGS=${value("ATTRIBUTES")}`,
    ],
    "/var/lib/ecs/ecs.config": [`AWS_DEFAULT_REGION=${value("AWS_REGION")}`, "ECS_EXTERNAL=true"],
  };
  for (const [path, lines] of Object.entries(files)) {
    await mkdir(join(settings.root, path, ".."), { recursive: true });
    await writeFile(join(settings.root, path), `${lines.join("\n")}\n`);
  }
  await register(settings, {
    id: value("ACTIVATION_ID"),
    code: value("ACTIVATION_CODE"),
    region: value("AWS_REGION"),
  });
  return true;
}

/** The variables that a script exports with single quotes. */
export function exports(script: string): ReadonlyMap<string, string> {
  const lines = script.matchAll(/^export ([A-Z_]+)='((?:[^']|'\\'')*)'$/gm);
  return new Map(Array.from(lines, ([, name = "", value = ""]) => [name, value.replaceAll("'\\''", "'")]));
}
