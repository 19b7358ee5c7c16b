import { cpSync, existsSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { imageFolder, readImage } from "../nodes/inside/images/image";
import { Failure } from "./failure";

/** An image to build. */
export interface Build {
  /** The build context. */
  readonly folder: string;
  readonly reference: string;
  /** `linux/…`; containers run natively in any case. */
  readonly platform: string;
}

/** The folder of an image between its build and its push. */
export function builtFolder(directory: string, reference: string): string {
  return imageFolder(join(directory, "built-images"), reference);
}

/** Copies the build context. @throws Failure without a Dockerfile that a machine can follow */
export async function buildImage(directory: string, { folder, reference, platform }: Build): Promise<string> {
  if (!/^linux\/(amd64|arm64)$/.test(platform)) {
    throw new Failure(`"${platform}": unknown operating system or architecture`);
  }
  if (!existsSync(folder)) {
    throw new Failure(`unable to prepare context: path "${folder}" not found`);
  }
  await readImage(folder).catch((error: unknown) => {
    throw new Failure(`failed to solve: failed to read dockerfile: ${String(error)}`);
  });
  const built = builtFolder(directory, reference);
  rmSync(built, { recursive: true, force: true });
  cpSync(folder, built, { recursive: true, verbatimSymlinks: true });
  const lines = (await readFile(join(folder, "Dockerfile"), "utf8")).split("\n");
  const isSkipped = lines.some((line) => /^\s*RUN\s/i.test(line));
  const note = isSkipped
    ? "the local cloud doesn't execute RUN: containers use this computer's programs\n"
    : "";
  return `${note}naming to ${reference} done`;
}
