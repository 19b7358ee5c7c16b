import { z } from "zod";
import type { DeepReadonly } from "../deep-readonly";
import { addressRange, key, text } from "../forms";
import { serverSpec } from "./node";

/** A slug of DigitalOcean's. The check before a deploy asks the API which exist, and where. */
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
const dropletSpec = serverSpec.extend({
  size: size.optional().describe("Droplet size, if it differs from the site's."),
  image: image.optional().describe("Droplet image, if it differs from the site's."),
});

const ports = text(/^[1-9]\d{0,4}(-[1-9]\d{0,4})?$/, "a port or a range such as 8000-8010").refine(
  (range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return first <= last && last <= 65535;
  },
  { error: "must be in ascending order, up to 65535" },
);

const egressRule = z
  .strictObject({
    protocol: z.enum(["tcp", "udp"]).describe("Protocol of the traffic."),
    ports: ports.describe("A port or a range."),
    addresses: z.array(addressRange).min(1).describe("Destination address ranges."),
  })
  .describe("Outgoing traffic to allow.");

// Source: DigitalOcean API Reference, "Create a New VPC".
const vpcRange = addressRange.refine(
  (range) => {
    const [first = "", prefix] = range.split("/");
    return !first.includes(":") && Number(prefix) >= 16 && Number(prefix) <= 28;
  },
  { error: "must be an IPv4 range from /16 to /28, such as 10.20.0.0/20" },
);

/** The form of a site at DigitalOcean. */
export const digitalOceanSite = z.strictObject({
  kind: z.literal("digitalocean").describe("droplets in a region"),
  region: text(/^[a-z]{3}\d$/, "a DigitalOcean region such as ams3").describe("DigitalOcean region."),
  size: size.default("s-1vcpu-1gb").describe("Droplet size."),
  image: image.default("ubuntu-24-04-x64").describe("Droplet image."),
  nodes: z
    .union([z.int().min(0).max(500), z.record(key, dropletSpec)], {
      error: "must be a number from 0 to 500, or the nodes by name",
    })
    .describe(
      "Number of nodes, which may be 0, or the nodes by name. A number names them `node-1`, `node-2`, …",
    ),
  vpc: z
    .union(
      [
        z.literal("default"),
        z.strictObject({ ipRange: vpcRange.describe("Address range of the site's own VPC.") }),
      ],
      {
        error: 'must be "default", or { ipRange } of a VPC of the site\'s own',
      },
    )
    .default("default")
    .describe("`\"default\"` for the region's default VPC, or the site's own VPC."),
  ssh: z
    .strictObject({
      keys: z
        .array(sshKey)
        .default([])
        .describe("Fingerprints or ids of SSH keys at DigitalOcean; only new droplets get them."),
      allowFrom: z.array(addressRange).default([]).describe("Address ranges that may connect to port 22."),
    })
    .prefault({})
    .describe("SSH access to the droplets."),
  extraEgress: z
    .array(egressRule)
    .default([])
    .describe("Outgoing traffic to allow besides HTTPS, HTTP, DNS and NTP."),
});

/** The same, validated. */
export type DigitalOceanSite = DeepReadonly<z.output<typeof digitalOceanSite>>;
export type DropletSpec = DeepReadonly<z.output<typeof dropletSpec>>;
