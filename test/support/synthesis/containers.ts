import type { StackJson } from "./synth";

/** A container of a synthesised task definition, as tests look at it. */
export interface ContainerJson {
  readonly name: string;
  readonly image: string;
  readonly memory: number;
  readonly cpu: number;
  readonly stopTimeout?: number;
  readonly command?: readonly string[];
  readonly entryPoint?: readonly string[];
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  readonly secrets?: readonly { readonly name: string; readonly valueFrom: string }[];
  readonly portMappings?: readonly object[];
  readonly healthCheck?: { readonly command: readonly string[]; readonly startPeriod: number };
}

/**
 * The containers of the task definition under a key: a site of a service's stack, or a job.
 * @param address name of the resource
 */
export function containersAt(
  stack: StackJson,
  key: string,
  address: "task" | "one_off" | "job" = "task",
): ContainerJson[] {
  const definition = stack.locals[`${address}_definitions`]?.[key];
  if (definition === undefined) {
    throw new Error(`no task definition ${key}`);
  }
  return JSON.parse(String(definition["containers"])) as ContainerJson[];
}

/** Value of a variable of a container; undefined when it has none. */
export function variableOf({ environment }: ContainerJson, name: string): string | undefined {
  return environment.find((variable) => variable.name === name)?.value;
}
