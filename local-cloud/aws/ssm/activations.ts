import type * as Ssm from "@aws-sdk/client-ssm";
import { randomUUID } from "node:crypto";

import type { Context } from "../context";
import { ApiError, invalidInput } from "../protocol/api-error";
import { randomHex } from "../protocol/identifiers";
import { operation, type Operations } from "../protocol/operation";
import { ssmPage } from "../protocol/paging";
import type { Activation } from "../state";

const hour = 3_600_000;

/** Activations expire after a day, and after 30 days at most. Source: AWS Systems Manager API Reference, CreateActivation. */
function createActivation(
  { world, now }: Context,
  input: Ssm.CreateActivationRequest,
): Ssm.CreateActivationResult {
  const expiresAt = input.ExpirationDate?.getTime() ?? now + 24 * hour;
  if (expiresAt <= now) {
    throw invalidInput("ExpirationDate must be in the future.");
  }
  if (expiresAt > now + 30 * 24 * hour) {
    throw invalidInput("ExpirationDate must be within 30 days of the current date.");
  }
  const activation: Activation = {
    id: randomUUID(),
    code: randomHex(20),
    iamRole: input.IamRole ?? "",
    description: input.Description ?? "",
    defaultInstanceName: input.DefaultInstanceName ?? "",
    registrationLimit: input.RegistrationLimit ?? 1,
    registrations: 0,
    createdAt: now,
    expiresAt,
    tags: input.Tags ?? [],
    tagDelay: 0,
    deleted: false,
  };
  world.aws.activations.set(activation.id, activation);
  return { ActivationId: activation.id, ActivationCode: activation.code };
}

function describeActivations(
  context: Context,
  input: Ssm.DescribeActivationsRequest,
): Ssm.DescribeActivationsResult {
  const wanted = [...context.world.aws.activations.values()].filter(
    (activation) =>
      !activation.deleted &&
      (input.Filters ?? []).every(({ FilterKey, FilterValues }) => {
        const value = filterValue(activation, FilterKey);
        return (FilterValues ?? []).includes(value);
      }),
  );
  const page = ssmPage(context, wanted, input);
  return {
    ActivationList: page.items.map((activation) => ({
      ActivationId: activation.id,
      Description: activation.description,
      DefaultInstanceName: activation.defaultInstanceName,
      IamRole: activation.iamRole,
      RegistrationLimit: activation.registrationLimit,
      RegistrationsCount: activation.registrations,
      ExpirationDate: new Date(activation.expiresAt),
      Expired: activation.expiresAt <= context.now,
      CreatedDate: new Date(activation.createdAt),
      Tags: activation.tags,
    })),
    NextToken: page.nextToken,
  };
}

function filterValue(activation: Activation, key: string | undefined): string {
  switch (key) {
    case "ActivationIds":
      return activation.id;
    case "DefaultInstanceName":
      return activation.defaultInstanceName;
    case "IamRole":
      return activation.iamRole;
    default:
      throw new ApiError("InvalidFilter", `The filter ${String(key)} is not valid.`);
  }
}

/** Registered machines stay registered. */
function deleteActivation({ world }: Context, input: Ssm.DeleteActivationRequest): object {
  const activation = world.aws.activations.get(input.ActivationId ?? "");
  if (activation === undefined || activation.deleted) {
    throw new ApiError("InvalidActivation", `Activation ${String(input.ActivationId)} does not exist.`);
  }
  activation.deleted = true;
  return {};
}

export const activationOperations: Operations = {
  CreateActivation: operation(
    "Description DefaultInstanceName IamRole RegistrationLimit ExpirationDate Tags",
    createActivation,
  ),
  DescribeActivations: operation("Filters MaxResults NextToken", describeActivations),
  DeleteActivation: operation("ActivationId", deleteActivation),
};
