import { readNumericComparison, readTextComparison } from "./comparison";
import { Tokens } from "./tokens";

/** The properties of a container instance that an expression may use. */
export interface Subject {
  readonly attributes: readonly { readonly name: string; readonly value?: string }[];
  readonly agentConnected: boolean;
  readonly agentVersion: string;
  readonly runningTasksCount: number;
  /** Milliseconds since the epoch. */
  readonly registeredAt: number;
}

/** Whether an instance satisfies an expression. */
export type Predicate = (subject: Subject) => boolean;

/**
 * Parses an expression of the cluster query language, as `ListContainerInstances` and `memberOf` take it:
 * `attribute:NAME == VALUE`, `!=`, `=~`, `!~`, `in [A, B]`, `not_in`, `exists`, `not_exists`, numeric comparisons of
 * `runningTasksCount`, `registeredAt >= 2018-06-18T22:28:28Z`, `agentConnected == true`, joined by `and`, `or`, `not`
 * (or `&&`, `||`, `!`) and parentheses. Source: Amazon ECS Developer Guide, "Cluster query language". It doesn't say
 * how an unquoted argument that reads as a number is taken. Here it is a number, the worst case: `012` and `12e3` are
 * no longer the texts that were written, and equal no attribute.
 * @throws ApiError InvalidParameterException for anything else
 */
export function parseExpression(text: string): Predicate {
  const tokens = new Tokens(text);
  const parsed = readDisjunction(tokens);
  tokens.end();
  return parsed;
}

function readDisjunction(tokens: Tokens): Predicate {
  const parts = [readConjunction(tokens)];
  while (tokens.take("or", "||")) {
    parts.push(readConjunction(tokens));
  }
  return (subject) => parts.some((part) => part(subject));
}

function readConjunction(tokens: Tokens): Predicate {
  const parts = [readTerm(tokens)];
  while (tokens.take("and", "&&")) {
    parts.push(readTerm(tokens));
  }
  return (subject) => parts.every((part) => part(subject));
}

function readTerm(tokens: Tokens): Predicate {
  if (tokens.take("not", "!")) {
    const inner = readTerm(tokens);
    return (subject) => !inner(subject);
  }
  if (tokens.take("(")) {
    const inner = readDisjunction(tokens);
    tokens.expect(")");
    return inner;
  }
  return readCondition(tokens);
}

function readCondition(tokens: Tokens): Predicate {
  const asked = tokens.next();
  if (asked.startsWith("attribute:")) {
    const name = asked.slice("attribute:".length);
    const matches = readTextComparison(tokens);
    return ({ attributes }) => {
      const attribute = attributes.find((candidate) => candidate.name === name);
      return matches(attribute === undefined ? undefined : (attribute.value ?? ""));
    };
  }
  switch (asked) {
    case "agentConnected": {
      const matches = readTextComparison(tokens);
      return ({ agentConnected }) => matches(String(agentConnected));
    }
    case "agentVersion": {
      const matches = readTextComparison(tokens);
      return ({ agentVersion }) => matches(agentVersion);
    }
    case "runningTasksCount": {
      const matches = readNumericComparison(tokens);
      return ({ runningTasksCount }) => matches(runningTasksCount);
    }
    case "registeredAt": {
      const matches = readNumericComparison(tokens, toTime);
      return ({ registeredAt }) => matches(registeredAt);
    }
    default:
      throw tokens.invalid();
  }
}

/** Takes the forms 2018-06-18T22:28:28+00:00, 2018-06-18T22:28:28Z, 2018-06-18T22:28:28 and 2018-06-18. */
function toTime(argument: string): number {
  const [, day, clock = "T00:00:00", zone = "Z"] =
    /^(\d{4}-\d\d-\d\d)(?:(T\d\d:\d\d:\d\d)(Z|[+-]\d\d:\d\d)?)?$/.exec(argument) ?? [];
  return day === undefined ? NaN : Date.parse(`${day}${clock}${zone}`);
}
