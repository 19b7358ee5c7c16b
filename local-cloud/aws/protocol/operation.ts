import type { Context } from "../context";

/** An operation of a service, as far as it is modelled. */
export interface Operation {
  /**
   * Members of the input that have an effect or are returned, nested ones as `outer.inner`. Any other member that is
   * set is refused.
   */
  readonly members: readonly string[];
  /**
   * A method, so that a handler may name the exact type of an input that has been validated against the service
   * model. Timestamps are `Date`s on both sides.
   */
  run(context: Context, input: object): object;
  /** The id in an output of {@link run} that the journal keeps. */
  answered?(output: object): string | undefined;
}

/** Operations by name. */
export type Operations = Readonly<Record<string, Operation>>;

/** Words of a text, in any lines. */
export function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

/** Combines a handler with the members that it knows, as the words of a text. */
export function operation(
  members: string,
  run: Operation["run"],
  answered?: Operation["answered"],
): Operation {
  return { members: words(members), run, ...(answered && { answered }) };
}

/** Paths of the members that are set and not modelled. */
export function unmodelledMembers(input: object, members: readonly string[], path = ""): string[] {
  return Object.entries(input).flatMap(([name, value]: [string, unknown]) => {
    const here = `${path}${name}`;
    if (isEmpty(value)) {
      return [];
    }
    const inner = members.some((member) => member.startsWith(`${here}.`));
    if (!inner) {
      return members.includes(here) ? [] : [here];
    }
    const items = Array.isArray(value) ? (value as unknown[]) : [value];
    return items.flatMap((item) =>
      typeof item === "object" && item !== null ? unmodelledMembers(item, members, `${here}.`) : [],
    );
  });
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) {
    return true;
  }
  return typeof value === "object" && !(value instanceof Date) && Object.keys(value).length === 0;
}
