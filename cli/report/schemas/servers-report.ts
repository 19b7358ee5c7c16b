import { z } from "zod";

/** The output of `anywhere join --json` and `anywhere leave --json`. */
export const serversReport = z
  .strictObject({
    deployment: z.string(),
    servers: z.array(
      z.strictObject({
        node: z.string(),
        host: z.string().nullable().describe("Its SSH address; null where a line is pasted there."),
        state: z.enum(["done", "was already", "to be pasted", "failed"]),
        message: z.string(),
        line: z.string().nullable().describe("The line to paste."),
      }),
    ),
  })
  .describe("Servers that should become nodes, or stop being nodes.");

export type ServersReport = z.output<typeof serversReport>;
export type ServerEnd = ServersReport["servers"][number];
