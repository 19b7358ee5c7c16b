import { readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";

/**
 * Removes the version overrides that the wrapper in `<directory>/bin` has left beside stacks: with them, a later
 * deploy into the real clouds would run the mirror's version instead of the pinned one.
 */
export async function removeOverrides(directory: string): Promise<void> {
  const list = join(resolve(directory), "bin", "overrides");
  const written = await readFile(list, "utf8").catch(() => "");
  const files = new Set(written.split("\n").filter((line) => line !== ""));
  await Promise.all([...files].map((file) => rm(file, { force: true })));
  await rm(list, { force: true });
}
