import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Locks the folder for this process, until the returned function releases it. Takes over a lock whose process has
 * ended.
 * @throws Error that names the process which holds it
 */
export async function lock(directory: string): Promise<() => Promise<void>> {
  const file = join(directory, "lock");
  const holder = await readHolder(file);
  if (holder !== undefined && (await identityOf(holder.pid)) === holder.identity) {
    throw new Error(
      `A local cloud already runs in ${directory} (process ${holder.pid}): use that one, or end it with Ctrl-C or "kill ${holder.pid}".`,
    );
  }
  await rm(file, { force: true });
  const own = { pid: process.pid, identity: await identityOf(process.pid) };
  // Fails where another process was faster.
  await writeFile(file, JSON.stringify(own), { flag: "wx" });
  return () => rm(file, { force: true });
}

interface Holder {
  readonly pid: number;
  readonly identity: string;
}

async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}

/** Distinguishes a process from a later one with the same number; undefined when there is none. */
async function identityOf(pid: number): Promise<string | undefined> {
  try {
    process.kill(pid, 0);
  } catch {
    return undefined;
  }
  try {
    // After the program's name, which may contain anything, the 20th field is the start time in clock ticks.
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return "running";
  }
}
