import type { World } from "../world";
import type { Settings } from "./settings";

/** One account in one region, which see nothing of each other: what Systems Manager and ECS hold there. */
export interface Place {
  readonly world: World;
  readonly settings: Settings;
}

/** A place at a moment: where and when something is done. What needs more than the world takes it first. */
export interface Context extends Place {
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Whether an agent that last called at this time still counts as connected. */
export function isConnected({ now, settings }: Context, lastCallAt: number): boolean {
  return now - lastCallAt <= settings.lostAfter * 1000;
}
