import jsonata from "jsonata";

/** A state of the Amazon States Language, as far as the project's machines use it. */
interface State {
  readonly Type: "Pass" | "Wait" | "Task" | "Choice" | "Succeed";
  readonly Seconds?: number;
  readonly Resource?: string;
  readonly Arguments?: unknown;
  readonly Assign?: Readonly<Record<string, unknown>>;
  readonly Choices?: readonly { readonly Condition: string; readonly Next: string }[];
  readonly Default?: string;
  readonly Next?: string;
  readonly End?: boolean;
}

/** A state machine that is written with JSONata. */
export interface StateMachine {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

/** The record of a run: the seconds it waited, and each call with its arguments. */
export interface Run {
  readonly waited: number;
  readonly calls: readonly { readonly action: string; readonly input: unknown }[];
}

/** How one run differs from another. */
export interface RunOptions {
  readonly input: object;
  /** When it starts, as Step Functions writes times. */
  readonly startTime: string;
  /** AWS's answer to a call. */
  readonly answer: (action: string, input: unknown) => unknown;
}

/**
 * Runs a state machine with JSONata expressions evaluated by their reference implementation; waits take no time.
 * Source: AWS Step Functions Developer Guide, "Transforming data with JSONata" and "Passing data with variables".
 * @throws Error for an expression without a value, as Step Functions fails then
 */
export async function runStateMachine(machine: StateMachine, options: RunOptions): Promise<Run> {
  const { input, startTime, answer } = options;
  const context = { Execution: { StartTime: startTime } };
  const calls: { action: string; input: unknown }[] = [];
  let variables: Record<string, unknown> = {};
  let waited = 0;
  let state = stateOf(machine, machine.StartAt);
  for (;;) {
    const evaluate = (value: unknown, result?: unknown): Promise<unknown> =>
      evaluated(value, { ...variables, states: { input, context, result } });
    let result: unknown;
    waited += state.Seconds ?? 0;
    if (state.Type === "Task") {
      const action = String(state.Resource).replace(/^arn:aws:states:::(aws-sdk:)?/, "");
      const call = { action, input: await evaluate(state.Arguments) };
      calls.push(call);
      result = answer(call.action, call.input);
    }
    let next = state.Next ?? state.Default;
    for (const { Condition, Next } of [...(state.Choices ?? [])].reverse()) {
      next = (await evaluate(Condition)) === true ? Next : next;
    }
    const assigned = (await evaluate(state.Assign ?? {}, result)) as Record<string, unknown>;
    variables = { ...variables, ...assigned };
    if (state.End === true || state.Type === "Succeed" || next === undefined) {
      return { waited, calls };
    }
    state = stateOf(machine, next);
  }
}

function stateOf({ States }: StateMachine, name: string): State {
  const state = States[name];
  if (state === undefined) {
    throw new Error(`no state ${name}`);
  }
  return state;
}

async function evaluated(value: unknown, variables: Readonly<Record<string, unknown>>): Promise<unknown> {
  if (typeof value === "string") {
    const [, expression] = /^\{%([^]*)%\}$/.exec(value) ?? [];
    if (expression === undefined) {
      return value;
    }
    const result: unknown = await jsonata(expression).evaluate(undefined, variables);
    if (result === undefined) {
      throw new Error(`no value: ${expression}`);
    }
    return JSON.parse(JSON.stringify(result)) as unknown;
  }
  if (Array.isArray(value)) {
    return Promise.all(value.map((item) => evaluated(item, variables)));
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(async ([name, inner]) => [
      name,
      await evaluated(inner, variables),
    ]);
    return Object.fromEntries(await Promise.all(entries)) as unknown;
  }
  return value;
}
