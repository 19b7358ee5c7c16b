/** Ends a repetition, without waiting for an action in progress. */
export type Stop = () => void;

/**
 * Runs `action`, pauses for as many milliseconds as it returns, and again, until it is stopped or returns
 * undefined. It must not throw.
 */
export function repeat(action: () => Promise<number | undefined>): Stop {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const run = async (): Promise<void> => {
    const pause = await action();
    if (!stopped && pause !== undefined) {
      timer = setTimeout(() => void run(), pause);
    }
  };
  void run();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
