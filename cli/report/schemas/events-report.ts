import { z } from "zod";
import { fleetEvent } from "../../fleet/events";

/** The output of `anywhere events --json`. */
export const eventsReport = z
  .strictObject({ deployment: z.string(), events: z.array(fleetEvent).describe("The newest last.") })
  .describe("ECS's events of services, and the tasks that stopped within the past hour.");
