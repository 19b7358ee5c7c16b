import { z } from "zod";
import type { DeepReadonly } from "./deep-readonly";
import { patterns } from "./forms";
import type { Problem } from "./problem";

const subscriber = z.strictObject({
  protocol: z
    .enum(["email", "https"])
    .describe('`"email"`, or `"https"` for a web hook; either has to confirm the subscription.'),
  endpoint: z
    .string()
    .min(1)
    .describe("Address of the mail, or an https URL; it is in states and plans, so put no secret in it."),
});

/** Whether there are alerts, and who gets them. */
export const monitoring = z
  .strictObject({
    enabled: z.boolean().default(true).describe("Whether there are alarms, events and a dashboard."),
    subscribers: z
      .array(subscriber)
      .default([])
      .describe("Who gets the alerts; alarms show in CloudWatch without any."),
  })
  .prefault({})
  .describe("Alarms, events and a dashboard.");

export type Monitoring = DeepReadonly<z.output<typeof monitoring>>;

/** What of a subscriber each protocol takes. Source: Amazon SNS API Reference, Subscribe; RFC 3986 for the URL. */
const forms = {
  email: {
    takes: (endpoint: string) => {
      const [, local = "", domain = ""] = /^([^@]+)@([^@]+)$/.exec(endpoint) ?? [];
      return /^[\w+-]+(\.[\w+-]+)*$/.test(local) && patterns.domain.test(domain) && !domain.startsWith("*");
    },
    form: "must be an address of mail such as ops@example.com, its domain in small letters",
  },
  https: {
    takes: (endpoint: string) =>
      /^https:\/\/[\w.-]+(:\d+)?([/?][\w.~:/?@!$&'()*+,;=%-]*)?$/.test(endpoint) && URL.canParse(endpoint),
    form: "must be a URL such as https://hooks.example.com/alerts, without a user, a password and a fragment",
  },
} as const;

/** Subscribers whose endpoint is none of their protocol, or that are there already. */
export function monitoringProblems({ subscribers }: Monitoring): Problem[] {
  return subscribers.flatMap(({ protocol, endpoint }, index) => {
    const path = ["monitoring", "subscribers", index, "endpoint"];
    const isTold = subscribers.slice(0, index).some((other) => other.endpoint === endpoint);
    return [
      ...(forms[protocol].takes(endpoint) ? [] : [{ path, message: forms[protocol].form }]),
      ...(isTold ? [{ path, message: "is told already: name each subscriber once" }] : []),
    ];
  });
}
