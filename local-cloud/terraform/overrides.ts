import { readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";

/**
 * Ends the wrappers in `<directory>/bin`, and removes the version overrides that they have left beside stacks: with
 * them, a later deploy into the real clouds would run the mirror's version instead of the pinned one.
 */
export async function endWrappers(directory: string): Promise<void> {
  const bin = join(resolve(directory), "bin");
  await Promise.all(["terraform", "tofu"].map((name) => rm(join(bin, `${name}.settings`), { force: true })));
  const list = join(bin, "overrides");
  const written = await readFile(list, "utf8").catch(() => "");
  const files = new Set(written.split("\n").filter((line) => line !== ""));
  await Promise.all([...files].map((file) => rm(file, { force: true })));
  await rm(list, { force: true });
}
