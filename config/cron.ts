/** A field of a cron expression, and the forms it accepts besides numbers, ranges, lists and steps. */
export interface Field {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  /** Names of the numbers, in order from the first. */
  readonly words?: readonly string[];
  /** Other values that are valid on their own. */
  readonly alone?: RegExp;
  readonly steps: boolean;
}

// Source: EventBridge Scheduler User Guide, "Schedule types", cron-based schedules.
export const cronFields: readonly Field[] = [
  { name: "minutes", first: 0, last: 59, steps: true },
  { name: "hours", first: 0, last: 23, steps: true },
  { name: "day of month", first: 1, last: 31, alone: /^(\?|L|([1-9]|[12]\d|3[01])W)$/, steps: true },
  {
    name: "month",
    first: 1,
    last: 12,
    words: "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" "),
    steps: true,
  },
  {
    name: "day of week",
    first: 1,
    last: 7,
    words: "SUN MON TUE WED THU FRI SAT".split(" "),
    alone: /^(\?|L|([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(L|#[1-5]))$/,
    steps: false,
  },
  { name: "year", first: 1970, last: 2199, steps: true },
];

/** Why EventBridge Scheduler rejects a cron expression of six fields; undefined when it accepts it. */
export function cronProblem(expression: string): string | undefined {
  const texts = expression.toUpperCase().split(" ");
  const wrong = cronFields.find((field, index) => !isTaken(texts[index] ?? "", field));
  if (wrong !== undefined) {
    const { name, first, last, words = [] } = wrong;
    const named = words.length === 0 ? "" : `, or ${words[0]} to ${words.at(-1)}`;
    return `has ${JSON.stringify(texts[cronFields.indexOf(wrong)])} as its ${name}, which must be ${first} to ${last}${named}`;
  }
  return (texts[2] === "?") === (texts[4] === "?")
    ? "must have ? as either its day of month or its day of week"
    : undefined;
}

function isTaken(text: string, field: Field): boolean {
  return field.alone?.test(text) === true || text.split(",").every((item) => isItem(item, field));
}

/** A value, a range or `*`, each with a step where the field has steps. */
function isItem(item: string, field: Field): boolean {
  const { first, last, steps } = field;
  const [span = "", step, ...more] = item.split("/");
  const bounds = boundsOf(span, field);
  const [from = first, to = last] = bounds;
  return (
    bounds.length <= 2 &&
    bounds.every((bound) => bound >= first && bound <= last) &&
    from <= to &&
    more.length === 0 &&
    (step === undefined || (steps && /^[1-9]\d{0,3}$/.test(step)))
  );
}

/** The numbers that a span names, in upper case: two of `1-5`, one of `5`, none of `*`; NaN for what is no number. */
export function boundsOf(span: string, { first, words = [] }: Field): readonly number[] {
  if (span === "*") {
    return [];
  }
  return span.split("-").map((text) => {
    const named = words.indexOf(text);
    return named >= 0 ? first + named : /^\d{1,4}$/.test(text) ? Number(text) : NaN;
  });
}
