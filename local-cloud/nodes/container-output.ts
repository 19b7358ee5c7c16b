import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ContainerOutput } from "../machines";

/** Folder of the containers' output, below the machine's own. */
const folder = "disk/var/log/containers";

/** Reads new whole lines in the files of all machines. */
export function createOutputReader(disks: string): () => Promise<readonly ContainerOutput[]> {
  const read = new Map<string, number>();
  return async () => {
    const outputs: ContainerOutput[] = [];
    for (const machine of await entries(disks)) {
      const logs = join(disks, machine, folder);
      for (const file of await entries(logs)) {
        const [, container, task] = /^(.+)-(\w+)\.log$/.exec(file) ?? [];
        if (container !== undefined && task !== undefined) {
          const path = join(logs, file);
          const { text, end } = await wholeLines(path, read.get(path) ?? 0);
          read.set(path, end);
          if (text !== "") {
            outputs.push({ task, container, lines: text.split("\n").slice(0, -1) });
          }
        }
      }
    }
    return outputs;
  };
}

/** Machines come and go while this reads. */
async function entries(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch {
    return [];
  }
}

async function wholeLines(
  path: string,
  start: number,
): Promise<{ readonly text: string; readonly end: number }> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) {
    return { text: "", end: start };
  }
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(Math.max(0, size - start)),
      0,
      size - start,
      start,
    );
    const end = buffer.subarray(0, bytesRead).lastIndexOf("\n") + 1;
    return { text: buffer.subarray(0, end).toString(), end: start + end };
  } finally {
    await file.close();
  }
}
