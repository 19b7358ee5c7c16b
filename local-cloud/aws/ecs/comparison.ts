import type { Tokens } from "./tokens";

/** Whether a text satisfies a comparison; undefined where there is none. */
export type TextComparison = (actual: string | undefined) => boolean;
export type NumericComparison = (actual: number) => boolean;

const numeric: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  "==": (left, right) => left === right,
  "!=": (left, right) => left !== right,
  ">": (left, right) => left > right,
  ">=": (left, right) => left >= right,
  "<": (left, right) => left < right,
  "<=": (left, right) => left <= right,
};

/** Reads an operator and its operand. @throws ApiError InvalidParameterException */
export function readTextComparison(tokens: Tokens): TextComparison {
  switch (tokens.next()) {
    case "==":
    case "equals":
      return equals(tokens.next());
    case "!=":
    case "not_equals":
      return not(equals(tokens.next()));
    case "=~":
    case "matches":
      return matches(readPattern(tokens));
    case "!~":
    case "not_matches":
      return not(matches(readPattern(tokens)));
    case "in":
      return isOneOf(readList(tokens));
    case "not_in":
    case "!in":
      return not(isOneOf(readList(tokens)));
    case "exists":
      return exists;
    case "not_exists":
    case "!exists":
      return not(exists);
    default:
      throw tokens.invalid();
  }
}

/** As {@link readTextComparison}, for numbers, which `read` parses. */
export function readNumericComparison(
  tokens: Tokens,
  read: (argument: string) => number = Number,
): NumericComparison {
  const compare = numeric[tokens.next()];
  const value = read(tokens.next());
  if (compare === undefined || Number.isNaN(value)) {
    throw tokens.invalid();
  }
  return (actual) => compare(actual, value);
}

const not =
  (comparison: TextComparison): TextComparison =>
  (actual) =>
    !comparison(actual);
const exists: TextComparison = (actual) => actual !== undefined;
const equals =
  (value: string): TextComparison =>
  (actual) =>
    actual === value;
const matches =
  (pattern: RegExp): TextComparison =>
  (actual) =>
    actual !== undefined && pattern.test(actual);
const isOneOf =
  (values: readonly string[]): TextComparison =>
  (actual) =>
    actual !== undefined && values.includes(actual);

function readPattern(tokens: Tokens): RegExp {
  const source = tokens.next();
  try {
    return new RegExp(`^(?:${source})$`);
  } catch {
    throw tokens.invalid();
  }
}

function readList(tokens: Tokens): string[] {
  const values: string[] = [];
  tokens.expect("[");
  do {
    values.push(tokens.next());
  } while (tokens.take(","));
  tokens.expect("]");
  return values;
}
