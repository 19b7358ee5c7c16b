import { z } from "zod";

/** The output of `anywhere dashboard --json`. */
export const dashboardReport = z
  .strictObject({ deployment: z.string(), url: z.url().describe("With the token that it takes.") })
  .describe("Where a deployment's dashboard is, as long as the command runs.");
