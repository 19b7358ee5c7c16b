import { ApiError } from "../protocol/api-error";

/** What an expression may ask a container instance. */
export interface Subject {
  readonly attributes: readonly { readonly name: string; readonly value?: string }[];
  readonly agentConnected: boolean;
  readonly agentVersion: string;
  readonly runningTasksCount: number;
  /** Milliseconds since the epoch. */
  readonly registeredAt: number;
}

/** Tells whether an instance satisfies an expression. */
export type Predicate = (subject: Subject) => boolean;

type Comparison = (actual: string | undefined) => boolean;

/**
 * Parses an expression of the cluster query language, as `ListContainerInstances` and `memberOf` take it:
 * `attribute:NAME == VALUE`, `!=`, `=~`, `!~`, `in [A, B]`, `not_in`, `exists`, `not_exists`, numeric
 * comparisons of `runningTasksCount`, `registeredAt >= 2018-06-18T22:28:28Z`, `agentConnected == true`, joined by `and`, `or`, `not` (or `&&`, `||`, `!`)
 * and parentheses. Source: Amazon ECS Developer Guide, "Cluster query language". It leaves open what an argument is
 * that reads as a number and stands without quotes. Here it is one, the worst that can be: `012` and `12e3` are no
 * longer the texts that they were written as, and equal no attribute.
 * @throws ApiError InvalidParameterException for anything else
 */
export function parseExpression(text: string): Predicate {
  const tokens = tokenize(text);
  let position = 0;
  const peek = (): string | undefined => tokens[position];
  const next = (): string => {
    const token = tokens[position];
    if (token === undefined) {
      throw invalid(text);
    }
    position += 1;
    return token;
  };
  const take = (...options: readonly string[]): boolean => {
    const found = options.includes(peek() ?? "");
    position += found ? 1 : 0;
    return found;
  };
  const list = (): string[] => {
    const values: string[] = [];
    if (next() !== "[") {
      throw invalid(text);
    }
    do {
      values.push(next());
    } while (take(","));
    if (next() !== "]") {
      throw invalid(text);
    }
    return values;
  };
  const comparison = (): Comparison => {
    switch (next()) {
      case "==":
      case "equals": {
        const value = next();
        return (actual) => actual === value;
      }
      case "!=":
      case "not_equals": {
        const value = next();
        return (actual) => actual !== value;
      }
      case "=~":
      case "matches": {
        const pattern = toPattern(next(), text);
        return (actual) => actual !== undefined && pattern.test(actual);
      }
      case "!~":
      case "not_matches": {
        const pattern = toPattern(next(), text);
        return (actual) => actual === undefined || !pattern.test(actual);
      }
      case "in": {
        const values = list();
        return (actual) => actual !== undefined && values.includes(actual);
      }
      case "not_in":
      case "!in": {
        const values = list();
        return (actual) => actual === undefined || !values.includes(actual);
      }
      case "exists":
        return (actual) => actual !== undefined;
      case "not_exists":
      case "!exists":
        return (actual) => actual === undefined;
      default:
        throw invalid(text);
    }
  };
  const numeric = (read: (argument: string) => number): ((actual: number) => boolean) => {
    const operator = next();
    const value = read(next());
    const compare = numericComparisons[operator];
    if (compare === undefined || Number.isNaN(value)) {
      throw invalid(text);
    }
    return (actual) => compare(actual, value);
  };
  const term = (): Predicate => {
    if (take("not", "!")) {
      const inner = term();
      return (subject) => !inner(subject);
    }
    if (take("(")) {
      const inner = disjunction();
      if (next() !== ")") {
        throw invalid(text);
      }
      return inner;
    }
    const subject = next();
    if (subject.startsWith("attribute:")) {
      const name = subject.slice("attribute:".length);
      const matches = comparison();
      return ({ attributes }) => {
        const attribute = attributes.find((candidate) => candidate.name === name);
        return matches(attribute === undefined ? undefined : (attribute.value ?? ""));
      };
    }
    switch (subject) {
      case "agentConnected": {
        const matches = comparison();
        return ({ agentConnected }) => matches(String(agentConnected));
      }
      case "agentVersion": {
        const matches = comparison();
        return ({ agentVersion }) => matches(agentVersion);
      }
      case "runningTasksCount": {
        const matches = numeric(Number);
        return ({ runningTasksCount }) => matches(runningTasksCount);
      }
      case "registeredAt": {
        const matches = numeric(toTime);
        return ({ registeredAt }) => matches(registeredAt);
      }
      default:
        throw invalid(text);
    }
  };
  const conjunction = (): Predicate => {
    const parts = [term()];
    while (take("and", "&&")) {
      parts.push(term());
    }
    return (subject) => parts.every((part) => part(subject));
  };
  const disjunction = (): Predicate => {
    const parts = [conjunction()];
    while (take("or", "||")) {
      parts.push(conjunction());
    }
    return (subject) => parts.some((part) => part(subject));
  };
  const parsed = disjunction();
  if (peek() !== undefined) {
    throw invalid(text);
  }
  return parsed;
}

const numericComparisons: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  "==": (left, right) => left === right,
  "!=": (left, right) => left !== right,
  ">": (left, right) => left > right,
  ">=": (left, right) => left >= right,
  "<": (left, right) => left < right,
  "<=": (left, right) => left <= right,
};

const token =
  /\s*(==|!=|=~|!~|>=|<=|>|<|&&|\|\||!in\b|!exists\b|!|[()[\],]|'[^']*'|"[^"]*"|(?:[A-Za-z0-9_./\\@:*^$+?-]|\.)+)/y;

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  token.lastIndex = 0;
  const end = text.trimEnd().length;
  while (token.lastIndex < end) {
    const found = token.exec(text)?.[1];
    if (found === undefined) {
      throw invalid(text);
    }
    tokens.push(/^['"]/.test(found) ? found.slice(1, -1) : readAsNumber(found));
  }
  return tokens;
}

/** What is left of a text that reads as a number; others are kept. */
function readAsNumber(token: string): string {
  return /^\d+(\.\d*)?(e[+-]?\d+)?$/i.test(token) ? String(Number(token)) : token;
}

/** Takes the forms 2018-06-18T22:28:28+00:00, 2018-06-18T22:28:28Z, 2018-06-18T22:28:28 and 2018-06-18. */
function toTime(argument: string): number {
  const [, day, clock = "T00:00:00", zone = "Z"] =
    /^(\d{4}-\d\d-\d\d)(?:(T\d\d:\d\d:\d\d)(Z|[+-]\d\d:\d\d)?)?$/.exec(argument) ?? [];
  return day === undefined ? NaN : Date.parse(`${day}${clock}${zone}`);
}

function toPattern(source: string, text: string): RegExp {
  try {
    return new RegExp(`^(?:${source})$`);
  } catch {
    throw invalid(text);
  }
}

function invalid(text: string): ApiError {
  return new ApiError("InvalidParameterException", `Invalid expression: ${text}`);
}
