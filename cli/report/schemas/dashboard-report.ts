import { z } from "zod";

/** The output of `anywhere dashboard --json`. */
export const dashboardReport = z
  .strictObject({ deployment: z.string(), url: z.url().describe("With the token that it requires.") })
  .describe("A deployment's dashboard, which is available while the command runs.");
