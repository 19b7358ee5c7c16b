import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { bundle } from "../bundle";

/** Puts the local cloud's `docker` into a folder of programs; it finds the images in the folder `images` beside that. */
export async function placeDocker(bin: string): Promise<void> {
  const program = join(bin, "docker");
  await bundle(join(__dirname, "docker-command.ts"), program, { firstLine: `#!${process.execPath}` });
  await chmod(program, 0o755);
}
