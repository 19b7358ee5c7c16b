import type { Place } from "../context";

/** ARN of an ECS resource: `arn:aws:ecs:REGION:ACCOUNT:RESOURCE`. */
export function ecsArn({ world, settings }: Place, resource: string): string {
  return `arn:aws:ecs:${settings.region}:${world.account}:${resource}`;
}

/** What follows the last slash of an ARN, or the whole of a name. */
export function lastPart(arnOrName: string): string {
  return arnOrName.slice(arnOrName.lastIndexOf("/") + 1);
}
