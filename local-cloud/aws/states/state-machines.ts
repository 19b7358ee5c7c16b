import type { Context } from "../context";
import type { JsonObject } from "../../world";
import { type MotoClient, MotoError } from "../moto/moto-client";
import { ApiError } from "../protocol/api-error";
import { operation, type Operations, words } from "../protocol/operation";

/** Something that keeps a definition from becoming a state machine. */
interface Diagnostic {
  readonly severity: "ERROR";
  readonly code: string;
  readonly message: string;
  readonly location?: string;
}

/** Checks that a definition is JSON, and that its states lead to existing states; expressions are not checked. */
function validateDefinition(_context: Context, { definition }: { readonly definition: string }): object {
  const diagnostics = problemsOf(definition);
  return { result: diagnostics.length === 0 ? "OK" : "FAIL", diagnostics, truncated: false };
}

function problemsOf(definition: string): Diagnostic[] {
  let machine: JsonObject;
  try {
    machine = JSON.parse(definition) as JsonObject;
  } catch {
    return [error("INVALID_JSON_DESCRIPTION", "The definition is not JSON.")];
  }
  const { StartAt, States } = machine;
  if (typeof StartAt !== "string" || typeof States !== "object" || States === null) {
    return [error("SCHEMA_VALIDATION_FAILED", "StartAt and States are required.", "/")];
  }
  const states = Object.entries(States as Readonly<Record<string, JsonObject>>);
  const ways: (readonly [string, unknown])[] = [
    ["/StartAt", StartAt],
    ...states.flatMap(([name, { Next, Default, Choices }]) => [
      [`/States/${name}/Next`, Next] as const,
      [`/States/${name}/Default`, Default] as const,
      ...((Choices ?? []) as JsonObject[]).map(
        (choice, index) => [`/States/${name}/Choices[${index}]/Next`, choice["Next"]] as const,
      ),
    ]),
  ];
  return ways
    .filter(([, target]) => target !== undefined && !states.some(([name]) => name === target))
    .map(([location, target]) =>
      error("MISSING_TRANSITION_TARGET", `Missing 'Next' target: ${String(target)}`, location),
    );
}

function error(code: string, message: string, location?: string): Diagnostic {
  return { severity: "ERROR", code, message, ...(location !== undefined && { location }) };
}

/** Operations of Step Functions that moto lacks. It publishes no versions, so there are none. */
export const stateMachineOperations: Operations = {
  ValidateStateMachineDefinition: operation("definition type", validateDefinition),
  ListStateMachineVersions: operation("stateMachineArn", () => ({ stateMachineVersions: [] })),
};

/** Operations of Step Functions that moto serves well. */
export const motoStateMachineOperations = words(`
  CreateStateMachine DescribeStateMachine UpdateStateMachine DeleteStateMachine ListStateMachines
  TagResource UntagResource ListTagsForResource
`);

/** @throws ApiError when a call is about a state machine that doesn't exist */
export async function requireStateMachine(
  { stateMachineArn }: JsonObject,
  { region, moto }: { readonly region: string; readonly moto: MotoClient },
): Promise<void> {
  if (stateMachineArn === undefined) {
    return;
  }
  try {
    await moto.json("states", region, "AWSStepFunctions.DescribeStateMachine", { stateMachineArn });
  } catch (problem) {
    throw problem instanceof MotoError ? new ApiError(problem.code, problem.message) : problem;
  }
}
