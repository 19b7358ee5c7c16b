/** A time for JSON. */
export const timeOf = (date: Date | undefined): string | null => date?.toISOString() ?? null;

/** The same for people: `2026-11-26 15:40:02Z`. */
export const shortTime = (time: string | null): string =>
  time === null ? "an unknown time" : time.replace("T", " ").replace(/\.\d+Z$/, "Z");
