import { z } from "zod";

/** The most far-reaching first. */
export const kinds = [
  "unanswered",
  "machine-missing",
  "machine-off",
  "not-registered",
  "not-in-cluster",
  "orphaned",
  "lost",
  "agent-lost",
  "ping-lost",
  "replacement-pending",
  "task-unhealthy",
  "backend-unhealthy",
  "service-missing",
  "service-failed",
  "service-unsteady",
  "job-failed",
  "unknown-registration",
] as const;

export const problem = z.strictObject({
  kind: z.enum(kinds),
  subject: z.string().describe("A node as site/node, a service as service--site, a job, or a registration."),
  message: z.string(),
  remedy: z.string(),
});

/** A problem and its remedy. */
export type Problem = z.output<typeof problem>;
