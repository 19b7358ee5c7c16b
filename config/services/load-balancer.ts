import { z } from "zod";
import type { DeepReadonly } from "../deep-readonly";
import { addressRange, key, oneOfKinds, patterns, port, text } from "../forms";

const domain = text(patterns.domain, "a domain such as www.example.com, in lower case");

const certificate = z
  .union(
    [
      z.strictObject({
        domains: z
          .array(domain)
          .min(1)
          // Source: Let's Encrypt, "Rate Limits": 100 names a certificate.
          .max(100)
          .refine((domains) => new Set(domains).size === domains.length, {
            error: "must not name a domain twice",
          })
          .describe("Domains of a managed certificate; their DNS must be at DigitalOcean."),
      }),
      z.strictObject({
        name: text(/^\P{Cc}{1,255}$/u, "1 to 255 characters on one line").describe(
          "Name of a certificate that already exists at DigitalOcean.",
        ),
      }),
    ],
    { error: "must be { domains } of a managed certificate, or the { name } of an existing one" },
  )
  .describe("A managed certificate by its `domains`, or an existing one by its `name`.");

const listener = z.discriminatedUnion(
  "protocol",
  [
    z.strictObject({
      protocol: z.literal("http").describe("plain HTTP"),
      port: port.describe("Port that clients connect to."),
      redirectTo: port.optional().describe("Port of the HTTPS listener to redirect clients to."),
    }),
    z.strictObject({
      protocol: z.literal("https").describe("HTTPS, terminated at the load balancer"),
      port: port.describe("Port that clients connect to."),
      certificate,
    }),
  ],
  { error: oneOfKinds("protocol", ["http", "https"]) },
);

// Source: github.com/digitalocean/digitalocean-cloud-controller-manager, issue 692.
const clientRange = addressRange.refine((range) => !range.includes(":"), {
  error:
    "must be an IPv4 range: DigitalOcean's load balancers accept no others in their rules, and a list with an IPv6 range has been seen to let everybody in",
});

const network = z
  .enum(["public", "internal"])
  .describe('Who can reach it: `"public"`, clients anywhere; `"internal"`, only the site\'s nodes.');
const allowFrom = z
  .array(clientRange)
  .describe("IPv4 address ranges that may connect; empty allows everybody.");
const listeners = z.array(listener).min(1).describe("Ports that clients connect to.");

const defaults = {
  network: "public" as const,
  allowFrom: [],
  listeners: [{ protocol: "http" as const, port: 80 }],
};

/** The load balancers of a service: one at each site that can have one. */
export const loadBalancer = z
  .union(
    [
      z.literal(false),
      z.strictObject({
        network: network.default(defaults.network),
        allowFrom: allowFrom.default(defaults.allowFrom),
        listeners: listeners.default(defaults.listeners),
      }),
    ],
    { error: "must be false, or { network, allowFrom, listeners }" },
  )
  .describe("The load balancer at each site that can have one; `false` for none.");

/** The settings that differ at a site. */
export const loadBalancersBySite = z
  .record(
    key,
    z.union(
      [
        z.literal(false),
        z.strictObject({
          network: network.optional(),
          allowFrom: allowFrom.optional(),
          listeners: listeners.optional(),
        }),
      ],
      { error: "must be false, or those of { network, allowFrom, listeners } that differ there" },
    ),
  )
  .describe("By site, the settings that differ there; `false` for no load balancer.");

export type Listener = DeepReadonly<z.output<typeof listener>>;

const standardPorts = { http: 80, https: 443 };

/**
 * The URL for clients: of the first domain of the listener's certificate that isn't a wildcard, else of the load
 * balancer's address.
 */
export function urlOf(listener: Listener, address: string): string {
  const domain =
    listener.protocol === "https" && "domains" in listener.certificate
      ? listener.certificate.domains.find((name) => !name.startsWith("*"))
      : undefined;
  const port = listener.port === standardPorts[listener.protocol] ? "" : `:${listener.port}`;
  return `${listener.protocol}://${domain ?? address}${port}`;
}

/** A load balancer of a service at a site. */
export type LoadBalancer = DeepReadonly<Exclude<z.output<typeof loadBalancer>, false>>;

/** The default settings of a load balancer. */
export const defaultLoadBalancer: LoadBalancer = defaults;
