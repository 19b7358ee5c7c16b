import type { Python } from "../../python/environment";
import type { MotoClient } from "../moto/moto-client";
import { authoriseSchedule } from "../scheduler/key";
import { schedulerOperations } from "../scheduler/schedules";
import { note, type Json, type JsonObject, type World } from "../../world";
import { activationOperations } from "../ssm/activations";
import { agentModel, agentOperations } from "../ssm/agent-registration";
import type { Context } from "../context";
import { ApiError, defect, notModelled } from "./api-error";
import { clusterOperations } from "../ecs/clusters";
import { registrationOperations } from "../ecs/container-instance-registration";
import { containerInstanceOperations } from "../ecs/container-instances";
import { managedInstanceOperations } from "../ssm/managed-instances";
import { type Checks, createChecks, readModel } from "./model";
import { type Operations, unmodelledMembers } from "./operation";
import { serviceDeploymentOperations } from "../ecs/services/service-deployments";
import { serviceOperations } from "../ecs/services/services";
import { type RestCall, readRestCall, type RestRequest } from "./rest";
import {
  motoStateMachineOperations,
  requireStateMachine,
  stateMachineOperations,
} from "../states/state-machines";
import { tagOperations } from "./tags";
import { execOperations } from "../ecs/tasks/exec";
import { taskDefinitionOperations } from "../ecs/tasks/task-definitions";
import { taskOperations } from "../ecs/tasks/tasks";

/** A call's origin, and IAM of its account. */
export interface Caller {
  readonly account: string;
  readonly region: string;
  readonly moto: MotoClient;
}

/** A service that the gateway answers itself. */
export interface Api {
  readonly service: "ssm" | "ecs" | "scheduler" | "states";
  /** Beginning of `X-Amz-Target`; undefined for REST. */
  readonly targetPrefix: string | undefined;
  /** Finds out which operation a REST request calls. */
  readonly read?: (request: RestRequest) => RestCall | undefined;
  /** Refuses a call according to moto's roles and state machines. @throws ApiError */
  readonly authorise?: (input: JsonObject, caller: Caller) => Promise<void>;
  readonly operations: Operations;
  /** Operations that moto serves well. */
  readonly motoOperations?: readonly string[];
  readonly checks: Checks;
  /** The service's error for an input that doesn't fit its model. */
  readonly invalidInput: string;
  /** Operations that agents call, unsigned. */
  readonly agentOperations: readonly string[];
}

/** Parameter Store is a part of Systems Manager that moto serves well. */
const parameterOperations = ["PutParameter", "GetParameter", "GetParameters", "DeleteParameter"];

/** Operations of Systems Manager by name. */
export const ssmOperations: Operations = {
  ...activationOperations,
  ...managedInstanceOperations,
  ...agentOperations,
};

/** Operations of ECS by name. */
export const ecsOperations: Operations = {
  ...clusterOperations,
  ...containerInstanceOperations,
  ...registrationOperations,
  ...taskDefinitionOperations,
  ...serviceOperations,
  ...serviceDeploymentOperations,
  ...taskOperations,
  ...execOperations,
  ...tagOperations,
};

/** Reads the service models and creates the APIs. */
export async function loadApis({ botocoreData }: Pick<Python, "botocoreData">): Promise<readonly Api[]> {
  const [ssm, ecs, scheduler, states] = await Promise.all([
    readModel(botocoreData, "ssm", "2014-11-06"),
    readModel(botocoreData, "ecs", "2014-11-13"),
    readModel(botocoreData, "scheduler", "2021-06-30"),
    readModel(botocoreData, "stepfunctions", "2016-11-23"),
  ]);
  const withAgents = {
    operations: { ...ssm.operations, ...agentModel.operations },
    shapes: { ...ssm.shapes, ...agentModel.shapes },
  };
  return [
    {
      service: "ssm",
      targetPrefix: "AmazonSSM",
      operations: ssmOperations,
      motoOperations: parameterOperations,
      checks: createChecks(withAgents),
      invalidInput: "ValidationException",
      agentOperations: Object.keys(agentOperations),
    },
    {
      service: "ecs",
      targetPrefix: "AmazonEC2ContainerServiceV20141113",
      operations: ecsOperations,
      checks: createChecks(ecs),
      invalidInput: "InvalidParameterException",
      agentOperations: Object.keys(registrationOperations),
    },
    {
      service: "scheduler",
      targetPrefix: undefined,
      read: (request) => readRestCall(scheduler, request),
      authorise: authoriseSchedule,
      operations: schedulerOperations,
      checks: createChecks(scheduler),
      invalidInput: "ValidationException",
      agentOperations: [],
    },
    {
      service: "states",
      targetPrefix: "AWSStepFunctions",
      authorise: requireStateMachine,
      operations: stateMachineOperations,
      motoOperations: motoStateMachineOperations,
      checks: createChecks(states),
      invalidInput: "ValidationException",
      agentOperations: [],
    },
  ];
}

/**
 * Runs an operation on the world.
 * @param input the call's input as received
 * @returns the output, timestamps as `Date`s
 * @throws ApiError if the service would refuse it, or if it is not modelled
 */
export function callOperation(api: Api, name: string, input: object, context: Context): object {
  const operation = api.operations[name];
  const check = api.checks.input(name);
  if (check === undefined) {
    throw new ApiError("UnknownOperationException", `${api.service} has no operation ${name}.`);
  }
  if (operation === undefined) {
    throw notModelled(`the operation ${api.service}:${name}`);
  }
  const problems = check(input);
  if (problems.length > 0) {
    throw new ApiError(api.invalidInput, `${name}: ${problems.join("; ")}.`);
  }
  const unmodelled = unmodelledMembers(input, operation.members);
  if (unmodelled.length > 0) {
    throw notModelled(`${unmodelled.join(", ")} of ${api.service}:${name}`);
  }
  const output = operation.run(context, input);
  const mistakes = api.checks.output(name)?.(output) ?? [];
  if (mistakes.length > 0) {
    throw defect(`The answer to ${name} is wrong: ${mistakes.join("; ")}.`);
  }
  return output;
}

/** Members that never reach the journal. */
const secrets = new Set(["ActivationCode"]);

function redact(value: Json): Json {
  if (Array.isArray(value)) {
    return value.map(redact);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([name, member]) => [
      name,
      secrets.has(name) ? "***" : redact(member),
    ]),
  );
}

/**
 * Writes a call into the journal, without secrets: its input, and as `answered` the id that a registration gave or
 * as `error` the code of an error. An agent's heartbeats are left out.
 */
export function journalCall(
  world: World,
  call: {
    readonly api: Api;
    readonly name: string;
    readonly input: JsonObject;
    readonly status: number;
    readonly caller: string;
    readonly principal?: string | undefined;
    /** The answer: an output, or the code of an error. */
    readonly answer: { readonly output: object } | { readonly error: string };
  },
): void {
  if (call.name === "UpdateInstanceInformation") {
    return;
  }
  const input = redact(call.input) as JsonObject;
  const answered =
    "output" in call.answer ? call.api.operations[call.name]?.answered?.(call.answer.output) : undefined;
  note(world, {
    kind: "call",
    service: call.api.service,
    name: call.name,
    status: call.status,
    caller: call.caller,
    ...(call.principal !== undefined && { principal: call.principal }),
    detail: {
      ...input,
      ...(answered === undefined ? {} : { answered }),
      ...("error" in call.answer ? { error: call.answer.error } : {}),
    },
  });
}
