/**
 * Times on the clock of a time zone, as the number of milliseconds that UTC has at the same reading: a reading that
 * occurs never or twice is a number, too.
 */
export interface WallClock {
  /** The clock's time at a moment, in milliseconds since the epoch. */
  readingAt(moment: number): number;
  /** The moment of a reading: the first of two when the clock goes back; undefined when it is put forward past it. */
  momentOf(reading: number): number | undefined;
}

const day = 86_400_000;

/** The clock of a zone of the IANA Time Zone Database; undefined when it has no such zone. */
export function wallClockOf(timeZone: string): WallClock | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      ...({ year: "numeric", month: "numeric", day: "numeric" } as const),
      ...({ hour: "numeric", minute: "numeric", second: "numeric" } as const),
    });
  } catch {
    return undefined;
  }
  const readingAt = (moment: number): number => {
    const parts = new Map(format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
    const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
  };
  return {
    readingAt,
    momentOf: (reading) => {
      // No zone changes its offset twice within two days.
      const candidates = [reading - day, reading + day].map((near) => reading - (readingAt(near) - near));
      const moments = candidates.filter((moment) => readingAt(moment) === reading);
      return moments.length === 0 ? undefined : Math.min(...moments);
    },
  };
}
