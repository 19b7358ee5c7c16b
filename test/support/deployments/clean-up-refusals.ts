import { refuse, type Clear } from "./injection";
import type { LifeCycle } from "./life-cycle";
import type { RegisteredNodes } from "../observation/nodes";

const allow = "access denied. Allow the caller this action and run again.";
export const signIn = "no valid credentials: missing, expired or not accepted. Sign in again and run again.";
const slowDown = "still throttled after 4 rounds of retries. Wait a few minutes and run again.";
const wait = "AWS keeps failing. Wait a few minutes, see the AWS Health Dashboard, and run again.";

/** The calls of a clean-up in their order, each to be refused to a node of its own, and what a user reads then. */
export const refusals = (
  [
    ["ssm", "DescribeInstanceInformation", "ExpiredTokenException", signIn],
    ["ssm", "DescribeInstanceInformation", "ThrottlingException", slowDown],
    ["ssm", "DescribeInstanceInformation", "AccessDeniedException", allow],
    ["ecs", "ListContainerInstances", "ServerException", wait],
    ["ecs", "ListContainerInstances", "AccessDeniedException", allow],
    ["ecs", "DescribeContainerInstances", "AccessDeniedException", allow],
    ["ecs", "UpdateContainerInstancesState", "AccessDeniedException", allow],
    ["ecs", "ListTasks", "AccessDeniedException", allow],
    ["ecs", "StopTask", "AccessDeniedException", allow],
    ["ecs", "DeregisterContainerInstance", "AccessDeniedException", allow],
    ["ssm", "DeregisterManagedInstance", "AccessDeniedException", allow],
  ] as const
).map(([service, operation, code, remedy], index) => ({
  node: `call-${String.fromCharCode("a".charCodeAt(0) + index)}`,
  service,
  operation,
  code,
  remedy,
}));
/** Refuses to each node of a site the call that is its own. */
export function refuseEach(life: LifeCycle, site: string, nodes: RegisteredNodes): Promise<Clear[]> {
  return Promise.all(
    refusals.map(({ node, service, operation, code }) => {
      const { arn, managedInstance } = nodes(node);
      // The node's name in the call's input, where that is not its container instance.
      const subjects: Readonly<Record<string, string>> = {
        DescribeInstanceInformation: `${site}/${node}/`,
        ListContainerInstances: `anywhere.site == ${site} and attribute:anywhere.node == ${node} `,
        StopTask: `${site}/${node} `,
        DeregisterManagedInstance: managedInstance,
      };
      const status = code === "ServerException" ? 500 : 400;
      return refuse(life, { service, operation, contains: subjects[operation] ?? arn, status, code });
    }),
  );
}
