import { copyFile, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { bundle } from "../../bundle";
import { shellQuoted } from "../../environment";
import { keptSchema } from "./kept-schema";

/** A provider's package in a mirror. */
export interface Package {
  /** Folder of its executable. */
  readonly folder: string;
  /** The same in any mirror: ADDRESS/VERSION/OS_ARCH. */
  readonly place: string;
}

/** Options of {@link placeRelay}. */
export interface RelayPlacement {
  /** Folder of the mirror, made anew: no other local cloud uses it. */
  readonly mirror: string;
  /** File that keeps what is known of the provider, for all local clouds of a project. */
  readonly schemaFile: string;
  /** A Python 3. */
  readonly python: string;
  /** The real provider. */
  readonly provider: Package;
}

/** Path of the relay's program in a mirror. */
export const relayProgram = (mirror: string): string => join(mirror, "relay.js");

/**
 * Makes a mirror whose AWS provider is a relay to the real one. Terraform then reads a thirtieth of the schema, which is
 * most of the work of a small plan.
 * @returns the mirror
 * @throws Error when the provider can't be started
 */
export async function placeRelay(placement: RelayPlacement): Promise<string> {
  const { mirror, schemaFile, python, provider } = placement;
  const name = (await readdir(provider.folder)).find((file) => file.startsWith("terraform-provider-")) ?? "";
  const executable = join(provider.folder, name);
  const schema = await keptSchema(schemaFile, executable);
  await rm(mirror, { recursive: true, force: true });
  const script = join(mirror, provider.place, name);
  await mkdir(dirname(script), { recursive: true });
  await bundle(join(__dirname, "relay.ts"), relayProgram(mirror));
  const front = join(mirror, "front.py");
  await copyFile(join(__dirname, "front.py"), front);
  await writeFile(join(mirror, "schema"), schema);
  const words = [python, "-I", "-S", front, executable, join(mirror, "schema")];
  await writeFile(script, `#!/bin/sh\nexec ${words.map(shellQuoted).join(" ")}\n`, { mode: 0o755 });
  return mirror;
}
