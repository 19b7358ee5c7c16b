import { z } from "zod";
import { parseRange } from "../addresses";
import { addressRange, key, patterns, port, text } from "../forms";
import { serverSpec } from "./node";

/** A slug of DigitalOcean's. Which there are, and where, its API tells: the check before a deploy asks. */
const size = text(/^[a-z0-9]+([_-][a-z0-9]+)*$/, "the slug of a droplet size, such as s-1vcpu-1gb");
// Source: DigitalOcean API Reference, "Create a New Droplet": the slug of a public image, or the id of any.
const image = text(
  /^[a-z0-9]+([.-][a-z0-9]+)*$/,
  "the slug of a droplet image, such as ubuntu-24-04-x64, or the id of one",
);
const sshKey = text(
  /^([1-9]\d*|[0-9a-f]{2}(:[0-9a-f]{2}){15})$/,
  "the id of an SSH key at DigitalOcean, or its MD5 fingerprint, 16 pairs of hexadecimal digits with : between",
);

/** A droplet. */
export const dropletSpec = serverSpec.extend({
  size: size.optional().describe("Droplet size, when it differs from the site's."),
  image: image.optional().describe("Droplet image, when it differs from the site's."),
});

const ports = text(/^[1-9]\d{0,4}(-[1-9]\d{0,4})?$/, "a port or a range such as 8000-8010").refine(
  (range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return first <= last && last <= 65535;
  },
  { error: "must rise, and end at 65535 at most" },
);

const egressRule = z
  .strictObject({
    protocol: z.enum(["tcp", "udp"]),
    ports: ports.describe("A port or a range."),
    addresses: z.array(addressRange).min(1).describe("Where to."),
  })
  .describe("Traffic that nodes may send besides HTTPS, HTTP, DNS and NTP.");

/** Of the 50 rules that a firewall has at most, these are left. Source: DigitalOcean, "Cloud Firewalls Limits". */
const furtherRules = 40;

const domain = text(patterns.domain, "a domain such as www.example.com, in small letters");

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
          }),
      }),
      z.strictObject({ name: text(/^\P{Cc}{1,255}$/u, "1 to 255 characters on one line") }),
    ],
    { error: "must be { domains } of a managed certificate, or the { name } of an existing one" },
  )
  .describe(
    "Domains of a managed certificate (their DNS must be at DigitalOcean), or an existing one's name.",
  );

const listener = z.discriminatedUnion(
  "protocol",
  [
    z.strictObject({
      protocol: z.literal("http"),
      port: port.describe("Port that clients connect to."),
      redirectTo: port.optional().describe("Port of the HTTPS listener that clients are sent to."),
    }),
    z.strictObject({
      protocol: z.literal("https"),
      port: port.describe("Port that clients connect to."),
      certificate,
    }),
  ],
  { error: 'must be "http" or "https"' },
);

// Source: github.com/digitalocean/digitalocean-cloud-controller-manager, issue 692.
const clientRange = addressRange.refine((range) => parseRange(range)?.family !== 6, {
  error:
    "must be a range of IPv4: DigitalOcean's load balancers take no others in their rules, and a list with one has been seen to keep nobody out",
});

// Source: DigitalOcean API Reference, "Create a New VPC".
const vpcRange = addressRange.refine(
  (text) => {
    const range = parseRange(text);
    return range?.family === 4 && range.prefix >= 16 && range.prefix <= 28;
  },
  { error: "must be a range of IPv4 from /16 to /28, such as 10.20.0.0/20" },
);

/** Droplets behind a load balancer. */
export const digitalOceanSite = z.strictObject({
  kind: z.literal("digitalocean"),
  region: text(/^[a-z]{3}\d$/, "a DigitalOcean region such as ams3").describe("DigitalOcean region."),
  size: size.default("s-1vcpu-1gb").describe("Droplet size."),
  image: image.default("ubuntu-24-04-x64").describe("Droplet image."),
  nodes: z
    .union([z.int().min(0).max(500), z.record(key, dropletSpec)], {
      error: "must be a number from 0 to 500, or the nodes by name",
    })
    .describe("How many nodes, or each node by name. 0 is the step before a site's removal."),
  vpc: z
    .union([z.literal("default"), z.strictObject({ ipRange: vpcRange })], {
      error: 'must be "default", or { ipRange } of a VPC of the site\'s own',
    })
    .default("default")
    .describe("The region's default VPC, or a VPC of the site's own."),
  ssh: z
    .strictObject({
      keys: z
        .array(sshKey)
        .default([])
        .describe("Fingerprints or ids of SSH keys at DigitalOcean, for droplets yet to be made."),
      allowFrom: z.array(addressRange).default([]).describe("Address ranges that may connect to port 22."),
    })
    .prefault({})
    .describe("Who may log in to the droplets."),
  extraEgress: z
    .array(egressRule)
    .max(furtherRules)
    .default([])
    .describe("More traffic that nodes may send."),
  loadBalancer: z
    .strictObject({
      allowFrom: z
        .array(clientRange)
        .default([])
        .describe("IPv4 address ranges that may connect; empty for everybody."),
      listeners: z
        .array(listener)
        .min(1)
        .default([{ protocol: "http", port: 80 }])
        .describe("What clients connect to."),
    })
    .prefault({})
    .describe("The site's load balancer."),
});
