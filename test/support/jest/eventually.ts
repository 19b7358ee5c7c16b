import { setTimeout as pause } from "node:timers/promises";

/** Seconds that something may take on a slow computer. */
const patience = 120;

/**
 * Looks again and again until there is something.
 * @param pauseMilliseconds between two looks
 * @throws Error that says what has not come about within two minutes
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined>,
  pauseMilliseconds = 100,
): Promise<T> {
  const deadline = Date.now() + patience * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined) {
      return found;
    }
    if (Date.now() > deadline) {
      throw new Error(`not so within ${patience} s: ${what}`);
    }
    await pause(pauseMilliseconds);
  }
}

/** The same by commands, each of which takes a second of a processor: what is awaited needs the computer, too. */
export const eventuallyShown: typeof eventually = (what, look) => eventually(what, look, 2000);
