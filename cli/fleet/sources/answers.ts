import type { DigitalOceanAnswer } from "./digitalocean";
import type { EcsAnswer } from "./ecs";
import type { Fleet } from "../fleet";
import type { SystemsManagerAnswer } from "./systems-manager";

/** What each cloud has answered; undefined where it could not be asked. */
export interface Answers {
  readonly ecs: EcsAnswer | undefined;
  readonly systemsManager: SystemsManagerAnswer | undefined;
  readonly digitalOcean: DigitalOceanAnswer | undefined;
  readonly unanswered: Fleet["unanswered"];
}
