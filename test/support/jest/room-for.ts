/** Begins what it is given, in this order, as soon as less than so many are under way. */
export function roomFor(many: number): (act: () => Promise<void>) => Promise<void> {
  const waiting: (() => void)[] = [];
  let free = many;
  return async (act) => {
    if (free === 0) {
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      free -= 1;
    }
    try {
      await act();
    } finally {
      const next = waiting.shift();
      if (next === undefined) {
        free += 1;
      } else {
        next();
      }
    }
  };
}
