type Act = () => Promise<void>;

/** Tests that run at the same time, each on sites of its own; those of one lane after one another. */
export interface Lanes {
  /** Makes a test's function, or a hook's, of what it does. All begin when the first of them is called. */
  (lane: string, act: Act): Act;
  /** Begins what has not begun, and returns once all has ended, well or not. */
  readonly end: Act;
}

/** @param prepare comes before the first act, such as the end of other lanes and a change of the configuration */
export function lanes(prepare: Act = () => Promise.resolve()): Lanes {
  const acts: { readonly lane: string; readonly act: Act }[] = [];
  let outcomes: readonly Promise<PromiseSettledResult<void>>[] | undefined;

  const begin = (): readonly Promise<PromiseSettledResult<void>>[] => {
    const prepared = prepare();
    const last = new Map<string, Promise<unknown>>();
    return acts.map(({ lane, act }) => {
      const before = last.get(lane) ?? Promise.resolve();
      const outcome = Promise.allSettled([before.then(() => prepared).then(act)]).then(([only]) => only);
      last.set(lane, outcome);
      return outcome;
    });
  };
  const inLane = (lane: string, act: Act): Act => {
    const index = acts.push({ lane, act }) - 1;
    return async () => {
      outcomes ??= begin();
      const outcome = await outcomes[index];
      if (outcome?.status === "rejected") {
        throw outcome.reason;
      }
    };
  };
  return Object.assign(inLane, {
    end: async () => {
      outcomes ??= begin();
      await Promise.all(outcomes);
    },
  });
}
