import { z } from "zod";
import type { DeepReadonly } from "./deep-readonly";
import { patterns } from "./forms";
import type { Problem } from "./problem";

const subscriber = z.strictObject({
  protocol: z
    .enum(["email", "https"])
    .describe('`"email"`, or `"https"` for a webhook; both have to confirm the subscription.'),
  endpoint: z
    .string()
    .min(1)
    .describe("Email address, or an https URL; states and plans contain it, so put no secret in it."),
});

/** Alerts and their subscribers. */
export const monitoring = z
  .strictObject({
    enabled: z.boolean().default(true).describe("Whether alarms, event rules and a dashboard are created."),
    subscribers: z
      .array(subscriber)
      .default([])
      .describe("Subscribers to the alerts; without any, alarms still show in CloudWatch."),
  })
  .prefault({})
  .describe("Alarms, events and a dashboard.");

export type Monitoring = DeepReadonly<z.output<typeof monitoring>>;

/**
 * The form of a subscriber's endpoint for each protocol. Source: Amazon SNS API Reference, Subscribe; RFC 3986 for the
 * URL.
 */
const forms = {
  email: {
    takes: (endpoint: string) => {
      const [, local = "", domain = ""] = /^([^@]+)@([^@]+)$/.exec(endpoint) ?? [];
      return /^[\w+-]+(\.[\w+-]+)*$/.test(local) && patterns.domain.test(domain) && !domain.startsWith("*");
    },
    form: "must be an email address such as ops@example.com, its domain in lower case",
  },
  https: {
    takes: (endpoint: string) =>
      /^https:\/\/[\w.-]+(:\d+)?([/?][\w.~:/?@!$&'()*+,;=%-]*)?$/.test(endpoint) && URL.canParse(endpoint),
    form: "must be a URL such as https://hooks.example.com/alerts, without a user, a password or a fragment",
  },
} as const;

/**
 * Subscribers whose endpoint doesn't fit their protocol, duplicates, and any at all while there is nothing to subscribe
 * to.
 */
export function monitoringProblems({ enabled, subscribers }: Monitoring): Problem[] {
  const at = ["monitoring", "subscribers"];
  const message = "has no effect while monitoring.enabled is false: remove it, or enable monitoring";
  const idle = !enabled && subscribers.length > 0 ? [{ path: at, message }] : [];
  const unfit = subscribers.flatMap(({ protocol, endpoint }, index) => {
    const path = [...at, index, "endpoint"];
    const isTold = subscribers.slice(0, index).some((other) => other.endpoint === endpoint);
    return [
      ...(forms[protocol].takes(endpoint) ? [] : [{ path, message: forms[protocol].form }]),
      ...(isTold ? [{ path, message: "is subscribed already: name each subscriber once" }] : []),
    ];
  });
  return [...idle, ...unfit];
}
