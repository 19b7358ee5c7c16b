import type { World } from "../world";
import type { Settings } from "./settings";

/** The resources of Systems Manager and ECS in one account and region, isolated from all others. */
export interface Place {
  readonly world: World;
  readonly settings: Settings;
}

/** A place at a moment: where and when something is done. Functions that need more than the world take it first. */
export interface Context extends Place {
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Whether an agent that last called at this time still counts as connected. */
export function isConnected({ now, settings }: Context, lastCallAt: number): boolean {
  return now - lastCallAt <= settings.lostAfter * 1000;
}
