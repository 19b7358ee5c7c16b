/** Ends a repetition; what is under way is not waited for. */
export type Stop = () => void;

/** Runs `action`, waits for it, pauses, and again, until it is stopped. `action` must not throw. */
export function repeat(pauseMilliseconds: number, action: () => Promise<void>): Stop {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const run = async (): Promise<void> => {
    await action();
    if (!stopped) {
      timer = setTimeout(() => void run(), pauseMilliseconds);
    }
  };
  void run();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
