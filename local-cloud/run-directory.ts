import { mkdtemp, readlink, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder with a path that is short enough for Unix sockets. */
export interface RunDirectory {
  readonly path: string;
  readonly remove: () => Promise<void>;
}

/**
 * Makes a run directory for the local cloud in this folder, whose lock the caller has. The link `run` there leads to
 * it, so that the next one removes the remains of a killed cloud.
 */
export async function makeRunDirectory(directory: string): Promise<RunDirectory> {
  const link = join(directory, "run");
  await removeLinked(link);
  const path = await mkdtemp(join(tmpdir(), "anywhere-"));
  await symlink(path, link);
  return { path, remove: () => removeLinked(link) };
}

async function removeLinked(link: string): Promise<void> {
  const path = await readlink(link).catch(() => undefined);
  if (path !== undefined) {
    await rm(path, { recursive: true, force: true });
    await rm(link);
  }
}
