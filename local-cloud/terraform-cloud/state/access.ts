/** The owner of a call's token. */
export type Caller =
  | { readonly kind: "user" }
  /** A remote run, which sees its own workspace and those that share their states with it. */
  | { readonly kind: "run"; readonly run: string; readonly workspace: string };

export const user: Caller = { kind: "user" };

/** Whether two callers are the same. */
export function isSame(one: Caller, other: Caller): boolean {
  return nameOf(one) === nameOf(other);
}

/** A caller's name in messages. */
export function nameOf(caller: Caller): string {
  return caller.kind === "user" ? "User local-cloud" : `Run ${caller.run}`;
}
