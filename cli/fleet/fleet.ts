import { z } from "zod";

const time = z.iso.datetime();
const named = { site: z.string(), node: z.string() };

/** A task that should run, or a job's task that has ended. */
export const fleetTask = z.strictObject({
  id: z.string(),
  arn: z.string(),
  /** Name of the service or job; undefined for what neither has started. */
  of: z.string().nullable(),
  byHand: z.boolean().describe("Whether `anywhere run` started it."),
  containerInstance: z.string().nullable(),
  revision: z.string().describe("Family and revision of the task definition."),
  image: z.string().nullable(),
  status: z.string(),
  health: z.string(),
  startedAt: time.nullable(),
  stoppedAt: time.nullable(),
  exitCode: z.int().nullable().describe("Of the service's or job's own container."),
  reason: z.string().nullable().describe("Why it stopped."),
});

const machine = z.strictObject({
  id: z.string(),
  status: z.string().describe("As DigitalOcean reports it."),
});

const managedInstance = z.strictObject({
  id: z.string(),
  pingStatus: z.string(),
  lastPingAt: time.nullable(),
});

const activation = z.strictObject({
  id: z.string(),
  state: z.enum(["unused", "used up", "expired"]),
  expiresAt: time.nullable(),
});

const containerInstance = z.strictObject({
  id: z.string(),
  arn: z.string(),
  status: z.string(),
  agentConnected: z.boolean(),
  lostSince: time.nullable().describe("When `anywhere heal` first found its agent lost."),
  agentVersion: z.string().nullable(),
  generation: z.string().nullable(),
});

const backend = z.strictObject({
  service: z.string(),
  state: z.enum(["healthy", "unhealthy", "unknown"]),
  measuredAt: time.nullable().describe("When DigitalOcean last measured it; it does so every two minutes."),
});

export const fleetNode = z.strictObject({
  ...named,
  generation: z.string().describe("As in the environment's file."),
  machine: machine.nullable().describe("Its droplet; null on premises."),
  managedInstance: managedInstance.nullable(),
  activation: activation.nullable().describe("Of a node that isn't registered with Systems Manager."),
  containerInstance: containerInstance.nullable(),
  tasks: z.array(fleetTask),
  backends: z.array(backend).describe("The node behind the load balancer of each service that it runs."),
});

const fleetSite = z.strictObject({
  site: z.string(),
  kind: z.string(),
  nodes: z.array(fleetNode),
});

export const fleetService = z.strictObject({
  service: z.string(),
  site: z.string(),
  name: z.string().describe("Name of the ECS service."),
  status: z.string().describe("As ECS reports it; MISSING when there is no such service."),
  desired: z.int(),
  running: z.int(),
  pending: z.int(),
  deployments: z.array(
    z.strictObject({
      id: z.string(),
      status: z.string(),
      state: z.string(),
      reason: z.string(),
      revision: z.string(),
      failedTasks: z.int(),
      createdAt: time.nullable(),
    }),
  ),
  images: z.array(z.string()).describe("Of the tasks that run."),
  urls: z.array(z.string()),
  lastEvent: z.strictObject({ at: time.nullable(), message: z.string() }).nullable(),
});

const fleetJob = z.strictObject({
  job: z.string(),
  site: z.string(),
  schedule: z.string(),
  timezone: z.string(),
  enabled: z.boolean(),
  running: z.array(fleetTask),
  last: fleetTask.nullable().describe("The last run that has ended; ECS remembers it for an hour."),
  next: time.nullable().describe("When a cron schedule starts it next; null for a rate, or never."),
});

const stranger = z.strictObject({
  kind: z.enum(["droplet", "managed instance", "container instance"]),
  id: z.string(),
  name: z.string().nullable().describe("The node that it says it is, as site/node, or its name."),
  state: z.string(),
});

const unanswered = z.strictObject({
  source: z.enum(["DigitalOcean", "ECS", "Systems Manager"]),
  reason: z.string(),
});

/** All parts of a running deployment, as the clouds report them. */
export const fleet = z.strictObject({
  deployment: z.string(),
  region: z.string(),
  at: time,
  sites: z.array(fleetSite),
  services: z.array(fleetService),
  jobs: z.array(fleetJob),
  strangers: z.array(stranger).describe("Registrations in this deployment that belong to no node."),
  unanswered: z
    .array(unanswered)
    .describe("Sources that couldn't be queried: their information is missing here."),
});

export type Fleet = z.output<typeof fleet>;
export type FleetSite = z.output<typeof fleetSite>;
export type FleetNode = z.output<typeof fleetNode>;
export type FleetService = z.output<typeof fleetService>;
export type FleetJob = z.output<typeof fleetJob>;
export type FleetTask = z.output<typeof fleetTask>;
export type Stranger = z.output<typeof stranger>;
export type Source = Fleet["unanswered"][number]["source"];
