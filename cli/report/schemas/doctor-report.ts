import { z } from "zod";

const finding = z.strictObject({
  about: z.string(),
  state: z.enum(["ok", "warn", "fail"]),
  message: z.string().describe("With the remedy where something is wrong."),
});

/** The output of `anywhere doctor --json`. */
export const doctorReport = z
  .strictObject({
    deployment: z.string().nullable().describe("Null when the environment's file can't be used."),
    findings: z.array(finding),
  })
  .describe("The prerequisites of a deployment: on this computer, in its file, and in both clouds.");

export type DoctorReport = z.output<typeof doctorReport>;

/** The finding about one prerequisite of a deployment. */
export type Finding = DoctorReport["findings"][number];
