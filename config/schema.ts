import { z } from "zod";

/** Bounds and forms come from the clouds' own limits; each says which. */
const text = (pattern: RegExp, form: string) => z.string().regex(pattern, { error: `must be ${form}` });

const deploymentName = text(
  /^[a-z][a-z0-9-]{1,18}[a-z0-9]$/,
  "3 to 20 of a-z, 0-9 and -, starting with a letter and not ending with -",
);
// Part of stack ids, Terraform addresses and tags.
const key = text(
  /^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$/,
  "1 to 24 of a-z, 0-9 and -, starting with a letter and not ending with -",
);
const region = text(/^[a-z]{2}(-[a-z]+)+-\d$/, "an AWS region such as eu-west-1");
const port = z.int().min(1).max(65535);
const cidr = z.union([z.cidrv4(), z.cidrv6()], { error: "must be an address range such as 203.0.113.0/24" });
const days = z.literal([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653], {
  // Source: Amazon CloudWatch Logs API Reference, PutRetentionPolicy.
  error: "must be a retention that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, …",
});
// Also a tag of the container instance. Source: Amazon ECS API Reference, Attribute and Tag.
const attribute = text(/^[A-Za-z0-9\-_./@: ]{1,128}$/, "1 to 128 of letters, digits, - _ . / @ : and spaces");
// The form that both clouds accept; DigitalOcean's is the narrower one.
const tagText = text(/^[A-Za-z0-9_-]{1,100}$/, "1 to 100 of letters, digits, - and _");

const backend = z
  .discriminatedUnion(
    "kind",
    [
      z.strictObject({
        kind: z.literal("local"),
        folder: z
          .string()
          .min(1)
          .default("state")
          .describe("Folder of the states, absolute or relative to the project's root."),
      }),
      z.strictObject({
        kind: z.literal("s3"),
        bucket: z.string().min(3).describe("Bucket that holds the states; versioning is recommended."),
        region: region.describe("Region of the bucket."),
        kmsKeyId: z.string().min(1).optional().describe("KMS key that encrypts the states."),
      }),
      z.strictObject({
        kind: z.literal("cloud"),
        organization: z.string().min(1).describe("Organisation in HCP Terraform or Terraform Enterprise."),
        hostname: z.string().min(1).default("app.terraform.io").describe("Host of the API."),
        project: z.string().min(1).optional().describe("Project of the workspaces."),
      }),
    ],
    { error: 'must be "local", "s3" or "cloud"' },
  )
  .describe("Where Terraform keeps its states.");

const serverSpec = z.strictObject({
  // ECS allows ten attributes an instance; four are ours.
  attributes: z
    .record(attribute, attribute)
    .refine((attributes) => Object.keys(attributes).length <= 6, { error: "must be 6 attributes at most" })
    .refine((attributes) => !Object.keys(attributes).some((name) => name.startsWith("anywhere.")), {
      error: "must not begin with anywhere., which names the deployment's own attributes",
    })
    .optional()
    .describe("More ECS attributes of the node."),
  replacement: z.int().min(0).optional().describe("Raise by one to replace this node."),
});

const dropletSpec = serverSpec.extend({
  size: z.string().min(1).optional().describe("Droplet size, when it differs from the site's."),
  image: z.string().min(1).optional().describe("Droplet image, when it differs from the site's."),
});

const egressRule = z
  .strictObject({
    protocol: z.enum(["tcp", "udp"]),
    ports: text(/^\d{1,5}(-\d{1,5})?$/, "a port or a range such as 8000-8010").describe("A port or a range."),
    addresses: z.array(cidr).min(1).describe("Where to."),
  })
  .describe("Traffic that nodes may send besides HTTPS, HTTP, DNS and NTP.");

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
      certificate: z
        .union(
          [
            z.strictObject({ domains: z.array(z.string().min(3)).min(1) }),
            z.strictObject({ name: z.string().min(1) }),
          ],
          { error: "must be { domains } of a managed certificate, or the { name } of an existing one" },
        )
        .describe(
          "Domains of a managed certificate (their DNS must be at DigitalOcean), or an existing one's name.",
        ),
    }),
  ],
  { error: 'must be "http" or "https"' },
);

const digitalOceanSite = z.strictObject({
  kind: z.literal("digitalocean"),
  region: text(/^[a-z]{3}\d$/, "a DigitalOcean region such as ams3").describe("DigitalOcean region."),
  size: z.string().min(1).default("s-1vcpu-1gb").describe("Droplet size."),
  image: z.string().min(1).default("ubuntu-24-04-x64").describe("Droplet image."),
  nodes: z
    .union([z.int().min(0).max(500), z.record(key, dropletSpec)], {
      error: "must be a number from 0 to 500, or the nodes by name",
    })
    .describe("How many nodes, or each node by name. 0 is the step before a site's removal."),
  vpc: z
    .union([
      z.literal("default"),
      z.strictObject({ ipRange: z.cidrv4({ error: "must be a range such as 10.20.0.0/20" }) }),
    ])
    .default("default")
    .describe("The region's default VPC, or a VPC of the site's own."),
  ssh: z
    .strictObject({
      keys: z
        .array(z.string().min(1))
        .default([])
        .describe("Fingerprints or ids of SSH keys at DigitalOcean, for droplets yet to be made."),
      allowFrom: z.array(cidr).default([]).describe("Address ranges that may connect to port 22."),
    })
    .prefault({})
    .describe("Who may log in to the droplets."),
  extraEgress: z.array(egressRule).default([]).describe("More traffic that nodes may send."),
  loadBalancer: z
    .strictObject({
      allowFrom: z.array(cidr).default([]).describe("Address ranges that may connect; empty for everybody."),
      listeners: z
        .array(listener)
        .min(1)
        .default([{ protocol: "http", port: 80 }])
        .describe("What clients connect to."),
    })
    .prefault({})
    .describe("The site's load balancer."),
});

const onPremisesSite = z.strictObject({
  kind: z.literal("on-premises"),
  nodes: z.record(key, serverSpec).describe("The servers by name."),
  // Source: AWS Systems Manager API Reference, CreateActivation: at most 30 days.
  activationDays: z.int().min(1).max(30).default(7).describe("Days within which a server has to register."),
  awaitNodes: z.boolean().default(false).describe("Whether a deploy waits for the servers to register."),
});

const application = z.strictObject({
  image: z
    .union(
      [
        z.strictObject({
          build: z.string().min(1),
          platform: z.enum(["linux/amd64", "linux/arm64"]).default("linux/amd64"),
        }),
        z.strictObject({ uri: z.string().min(1) }),
      ],
      { error: "must be { uri }, a prebuilt image, or { build }, a folder" },
    )
    .describe("A prebuilt image's URI, or the folder to build."),
  port: port.default(8080).describe("Port of the container and of the node."),
  cpuUnits: z.int().min(128).default(256).describe("CPU units; 1024 are one vCPU."),
  memoryMiB: z.int().min(6).default(256).describe("Memory in MiB; a container that needs more is ended."),
  health: z
    .strictObject({
      path: text(/^\/[\x21-\x7e]*$/, "a path such as /healthz")
        .default("/healthz")
        .describe("Path that answers 200."),
      // Source: DigitalOcean API Reference, load balancers: 3 to 300 s, 2 to 10 checks.
      intervalSeconds: z.int().min(3).max(300).default(3).describe("Seconds between two checks."),
      unhealthyAfter: z.int().min(2).max(10).default(2).describe("Failed checks that take a node out."),
      healthyAfter: z.int().min(2).max(10).default(2).describe("Passed checks that take a node in."),
    })
    .prefault({})
    .describe("Health checks of the load balancers; every other time-out follows from these."),
  environment: z.record(z.string().min(1), z.string()).default({}).describe("Environment variables."),
  secrets: z
    .record(
      z.string().min(1),
      text(/^arn:[^:]+:(secretsmanager|ssm):/, "the ARN of a Secrets Manager secret or an SSM parameter"),
    )
    .default({})
    .describe("Environment variables whose values are read from Secrets Manager or Parameter Store, by ARN."),
  placement: z
    .union([z.literal("every-node"), z.record(key, z.int().min(0))], {
      error: 'must be "every-node", or a number of tasks for each site',
    })
    .default("every-node")
    .describe("One task on every node, or a number of tasks per site."),
  exec: z
    .boolean()
    .default(false)
    .describe("Whether ECS Exec is possible; makes the root file system writable."),
});

/** The form of an environment file. Frozen: a change concerns every deployment there is. */
export const schema = z.strictObject({
  name: deploymentName.describe("Prefix of every name in both clouds. Never change it on a live deployment."),
  aws: z
    .strictObject({
      region: region.describe("Region of the control plane."),
      accountId: text(/^\d{12}$/, "12 digits").describe("The only account this may be applied in."),
      nodePolicy: z
        .enum(["scoped", "managed"])
        .default("scoped")
        .describe("What nodes may do in ECS: a policy scoped to the cluster, or AWS's managed one."),
    })
    .describe("The control plane's place."),
  backend: backend.prefault({ kind: "local" }),
  tags: z
    .record(tagText, tagText)
    .default({})
    .describe("Tags of everything that takes tags, in both clouds."),
  logRetentionDays: days.default(30).describe("Days that logs are kept."),
  installer: z
    .strictObject({
      signingKey: text(/^[0-9A-F]{40}$/, "40 hexadecimal digits in capitals")
        // Source: Amazon ECS Developer Guide, "Registering an external instance", Amazon ECS PGP public key.
        .default("F34C3DDAE72926B079BEAEC6BCE9D9A42D51784F")
        .describe("Fingerprint of the primary key that signs the ECS Anywhere installer."),
    })
    .prefault({})
    .describe("How nodes verify what they install."),
  sites: z
    .record(
      key,
      z.discriminatedUnion("kind", [digitalOceanSite, onPremisesSite], {
        error: 'must be "digitalocean" or "on-premises"',
      }),
    )
    .refine((sites) => Object.keys(sites).length > 0, { error: "must name one site at least" })
    .describe("Where nodes run; the key is part of stack ids and addresses."),
  application: application.describe("The service that runs on the nodes."),
  monitoring: z
    .strictObject({
      enabled: z.boolean().default(false).describe("Whether alarms and events are sent."),
      subscribers: z
        .array(z.strictObject({ protocol: z.enum(["email", "https"]), endpoint: z.string().min(1) }))
        .default([])
        .describe("Who is told."),
    })
    .prefault({})
    .describe("Alarms and events."),
});

/** What an environment file writes: fields with a default may be left out. */
export type Environment = z.input<typeof schema>;
/** A whole deployment, validated and complete. */
export type Config = DeepReadonly<z.output<typeof schema>>;
export type Site = Config["sites"][string];
export type DigitalOceanSite = Extract<Site, { kind: "digitalocean" }>;
export type OnPremisesSite = Extract<Site, { kind: "on-premises" }>;
export type NodeSpec = DeepReadonly<z.output<typeof dropletSpec>>;
export type Application = Config["application"];
export type Listener = DigitalOceanSite["loadBalancer"]["listeners"][number];
export type Backend = Config["backend"];

type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;
