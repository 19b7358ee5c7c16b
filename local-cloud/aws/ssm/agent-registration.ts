import type { Context } from "../context";
import { ApiError } from "../protocol/api-error";
import { randomHex } from "../protocol/identifiers";
import type { ServiceModel, Shape } from "../protocol/model";
import { operation, type Operations, words } from "../protocol/operation";
import type { ManagedInstance } from "../state";

interface RegisterManagedInstanceRequest {
  readonly ActivationId: string;
  readonly ActivationCode: string;
  readonly Fingerprint: string;
  readonly PublicKey?: string;
  readonly PublicKeyType?: string;
}

interface RegisterManagedInstanceResult {
  readonly InstanceId: string;
}

interface UpdateInstanceInformationRequest {
  readonly InstanceId: string;
  readonly AgentVersion: string;
  readonly PlatformName?: string;
  readonly PlatformVersion?: string;
  readonly IPAddress?: string;
  readonly ComputerName?: string;
}

const registerMembers = "ActivationId ActivationCode Fingerprint PublicKey PublicKeyType";
const updateMembers =
  "InstanceId AgentName AgentVersion AgentStatus PlatformType PlatformName PlatformVersion IPAddress ComputerName";

const strings = (members: string, required: string): Shape => ({
  type: "structure",
  members: Object.fromEntries(words(members).map((member) => [member, { shape: "AgentString" }])),
  required: words(required),
});

/**
 * The operations of amazon-ssm-agent that the public service model leaves out.
 * Source: the agent's own client, github.com/aws/amazon-ssm-agent.
 */
export const agentModel: ServiceModel = {
  operations: {
    RegisterManagedInstance: { input: { shape: "Register" }, output: { shape: "Registered" } },
    UpdateInstanceInformation: { input: { shape: "Update" }, output: { shape: "Updated" } },
  },
  shapes: {
    AgentString: { type: "string", min: 1, max: 10_000 },
    Register: strings(registerMembers, "ActivationId ActivationCode Fingerprint"),
    Registered: strings("InstanceId", "InstanceId"),
    Update: strings(updateMembers, "InstanceId AgentVersion"),
    Updated: strings("", ""),
  },
};

/**
 * Uses an activation. `InvalidActivation` and `ActivationExpired` are AWS's error names;
 * `RegistrationLimitExceeded` is the closest to what it answers once the limit is reached.
 */
function registerManagedInstance(
  { world, now }: Context,
  input: RegisterManagedInstanceRequest,
): RegisterManagedInstanceResult {
  const activation = world.aws.activations.get(input.ActivationId);
  if (activation === undefined || activation.deleted || activation.code !== input.ActivationCode) {
    throw new ApiError("InvalidActivation", "The activation ID or code is not valid.");
  }
  if (activation.expiresAt <= now) {
    throw new ApiError("ActivationExpired", `The activation ${activation.id} has expired.`);
  }
  if (activation.registrations >= activation.registrationLimit) {
    throw new ApiError(
      "RegistrationLimitExceeded",
      `The activation ${activation.id} has reached its limit of ${activation.registrationLimit} registrations.`,
    );
  }
  activation.registrations += 1;
  const instance: ManagedInstance = {
    id: `mi-${randomHex(17)}`,
    activationId: activation.id,
    iamRole: activation.iamRole,
    name: activation.defaultInstanceName,
    computerName: "",
    ipAddress: "",
    platform: { name: "", version: "" },
    agentVersion: "",
    registeredAt: now,
    lastPingAt: 0,
    tags: [],
    tagsToCome: { tags: activation.tags, at: now + activation.tagDelay },
  };
  world.aws.managedInstances.set(instance.id, instance);
  return { InstanceId: instance.id };
}

/** The agent's heartbeat. */
function updateInstanceInformation({ world, now }: Context, input: UpdateInstanceInformationRequest): object {
  const instance = world.aws.managedInstances.get(input.InstanceId);
  if (instance === undefined) {
    throw new ApiError("InvalidInstanceId", `Not existing InstanceId ${input.InstanceId}`);
  }
  world.aws.managedInstances.set(instance.id, {
    ...instance,
    agentVersion: input.AgentVersion,
    computerName: input.ComputerName ?? instance.computerName,
    ipAddress: input.IPAddress ?? instance.ipAddress,
    platform: {
      name: input.PlatformName ?? instance.platform.name,
      version: input.PlatformVersion ?? instance.platform.version,
    },
    lastPingAt: now,
  });
  return {};
}

export const agentOperations: Operations = {
  RegisterManagedInstance: operation(
    registerMembers,
    registerManagedInstance,
    ({ InstanceId }: RegisterManagedInstanceResult) => InstanceId,
  ),
  UpdateInstanceInformation: operation(updateMembers, updateInstanceInformation),
};
