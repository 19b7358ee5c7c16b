import type { Place } from "../context";

/** ARN of an ECS resource: `arn:aws:ecs:REGION:ACCOUNT:RESOURCE`. */
export function ecsArn({ world, settings }: Place, resource: string): string {
  return `arn:aws:ecs:${settings.region}:${world.account}:${resource}`;
}

/** The part of an ARN after its last slash, or a whole name. */
export function lastPart(arnOrName: string): string {
  return arnOrName.slice(arnOrName.lastIndexOf("/") + 1);
}
