import { z } from "zod";
import { fleetEvent } from "../../fleet/events";

/** The output of `anywhere events --json`. */
export const eventsReport = z
  .strictObject({ deployment: z.string(), events: z.array(fleetEvent).describe("The newest last.") })
  .describe("What ECS tells of services, and the tasks that have stopped within the hour.");
