import type { World } from "../../world";
import type { Settings } from "../settings";

/** ARN of an ECS resource: `arn:aws:ecs:REGION:ACCOUNT:RESOURCE`. */
export function ecsArn(world: World, { region }: Settings, resource: string): string {
  return `arn:aws:ecs:${region}:${world.account}:${resource}`;
}

/** What follows the last slash of an ARN, or the whole of a name. */
export function lastPart(arnOrName: string): string {
  return arnOrName.slice(arnOrName.lastIndexOf("/") + 1);
}
