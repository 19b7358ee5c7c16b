import type { DigitalOceanAnswer } from "./digitalocean";
import type { EcsAnswer } from "./ecs";
import type { Fleet } from "../fleet";
import type { SystemsManagerAnswer } from "./systems-manager";

/** Each cloud's answers; undefined where it couldn't be queried. */
export interface Answers {
  readonly ecs: EcsAnswer | undefined;
  readonly systemsManager: SystemsManagerAnswer | undefined;
  readonly digitalOcean: DigitalOceanAnswer | undefined;
  readonly unanswered: Fleet["unanswered"];
}
