import type { AwsAccount } from "./aws-account";
import { activationId, container, managed, node, taskArn } from "./node-script";

/** Registers the node, with these tasks, in Systems Manager and in ECS. */
export function register(account: AwsAccount, ...tasks: string[]): void {
  account.managed.push(managed("mi-1", node, activationId));
  account.containers.push(container("mi-1", node, tasks.map(taskArn)));
}

/** Registers four nodes that differ from the node in one mark each, as little as they can. */
export function registerOthers(account: AwsAccount): void {
  const others = [
    { ...node, name: "shop2" },
    { ...node, site: "nyc31" },
    { ...node, node: "node-10" },
    { ...node, generation: "5f2b" },
  ];
  others.forEach((identity, index) => {
    account.managed.push(managed(`mi-other${index}`, identity));
    account.containers.push(container(`mi-other${index}`, identity));
  });
}

/** What is registered, by id. */
export function registered({ managed, containers }: AwsAccount) {
  return {
    managed: managed.map(({ id }) => id),
    containers: containers.filter(({ status }) => status !== "INACTIVE").map(({ arn }) => arn.split("/")[2]),
  };
}
