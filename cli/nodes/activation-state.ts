import type { Activation } from "@aws-sdk/client-ssm";
import { ask, clientSettings, inParts } from "../aws/client";

/** An activation's state in Systems Manager. */
export interface ActivationState {
  /** Why no machine can register with it any more, worded as a clause; undefined while one can. */
  readonly spent: string | undefined;
  /** Whether a machine is registered that has used it. */
  readonly inUse: boolean;
}

/** Asks Systems Manager for the state of each of these activations, by id. */
export async function activationStates(
  region: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, ActivationState>> {
  // Loaded here, so that commands without a cloud don't wait for it.
  const { SSMClient, paginateDescribeActivations, paginateDescribeInstanceInformation } =
    await import("@aws-sdk/client-ssm");
  return ask(new SSMClient(clientSettings(region)), async (client) => {
    const activations = new Map<string, Activation>();
    const used = new Set<string>();
    // Source: Systems Manager API Reference, DescribeActivations: 50 a page.
    for (const FilterValues of inParts(ids, 50)) {
      const Filters = [{ FilterKey: "ActivationIds" as const, FilterValues }];
      for await (const { ActivationList = [] } of paginateDescribeActivations({ client }, { Filters })) {
        ActivationList.forEach((activation) => activations.set(activation.ActivationId ?? "", activation));
      }
    }
    const spent = ids.filter((id) => spentSince(activations.get(id)) !== undefined);
    // Source: API Reference, InstanceInformationStringFilter: up to 100 values.
    for (const Values of inParts(spent, 100)) {
      const Filters = [{ Key: "ActivationIds", Values }];
      const pages = paginateDescribeInstanceInformation({ client }, { Filters });
      for await (const { InstanceInformationList = [] } of pages) {
        InstanceInformationList.forEach(({ ActivationId }) => used.add(ActivationId ?? ""));
      }
    }
    return new Map(ids.map((id) => [id, { spent: spentSince(activations.get(id)), inUse: used.has(id) }]));
  });
}

function spentSince(activation: Activation | undefined): string | undefined {
  if (activation === undefined) {
    return "no longer exists";
  }
  const { RegistrationsCount: count = 0, RegistrationLimit: limit = 1, Expired, ExpirationDate } = activation;
  if (count >= limit) {
    return "has been used";
  }
  const over = Expired === true || (ExpirationDate !== undefined && ExpirationDate.getTime() <= Date.now());
  return over ? "has expired" : undefined;
}
