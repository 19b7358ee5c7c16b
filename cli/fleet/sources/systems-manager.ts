import type { Activation, InstanceInformation, SSMClient } from "@aws-sdk/client-ssm";

/** The machines with a role in Systems Manager. */
export interface SystemsManagerAnswer {
  readonly managedInstances: readonly InstanceInformation[];
  /** Empty where none was asked for. */
  readonly activations: readonly Activation[];
}

/**
 * Asks Systems Manager for the machines that have registered with a role; for the activations with that role only if
 * one of these names, which activations give to machines, is missing among them.
 */
export async function askSystemsManager(
  client: SSMClient,
  role: string,
  names: readonly string[],
): Promise<SystemsManagerAnswer> {
  const { paginateDescribeActivations, paginateDescribeInstanceInformation } =
    await import("@aws-sdk/client-ssm");
  const managedInstances: InstanceInformation[] = [];
  // Source: AWS Systems Manager API Reference, DescribeInstanceInformation and DescribeActivations: 50 a page.
  const byRole = { Filters: [{ Key: "IamRole", Values: [role] }], MaxResults: 50 };
  for await (const page of paginateDescribeInstanceInformation({ client }, byRole)) {
    managedInstances.push(...(page.InstanceInformationList ?? []));
  }
  const activations: Activation[] = [];
  if (names.some((name) => !managedInstances.some(({ Name }) => Name === name))) {
    const Filters = [{ FilterKey: "IamRole" as const, FilterValues: [role] }];
    for await (const page of paginateDescribeActivations({ client }, { Filters, MaxResults: 50 })) {
      activations.push(...(page.ActivationList ?? []));
    }
  }
  return { managedInstances, activations };
}
