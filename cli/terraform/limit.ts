import { availableParallelism, freemem } from "node:os";

/** Runs something when it is its turn. */
export type Limit = <T>(work: () => Promise<T>) => Promise<T>;

/** Lets `count` run at the same time; the others wait for their turn in the order in which they came. */
export function limitTo(count: number): Limit {
  const waiting: (() => void)[] = [];
  let free = count;
  return async (work) => {
    if (free > 0) {
      free--;
    } else {
      await new Promise<void>((go) => waiting.push(go));
    }
    try {
      return await work();
    } finally {
      // The next in line takes over the place, so that no newcomer gets it.
      const next = waiting.shift();
      free += next === undefined ? 1 : 0;
      next?.();
    }
  };
}

/** At its peak, a Terraform with the provider for AWS takes about 750 MB. */
const bytesEach = 750e6;

/** How many Terraform processes a machine can handle: they mostly wait for a cloud, so memory is the limit. */
export function bearable(
  cores = availableParallelism(),
  bytes = Math.min(freemem(), process.constrainedMemory() || Infinity),
): number {
  return Math.max(1, Math.min(4 * cores, Math.floor(bytes / bytesEach)));
}
