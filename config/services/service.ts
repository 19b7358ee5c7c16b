import { z } from "zod";
import type { DeepReadonly } from "../deep-readonly";
import { key, port, text } from "../forms";
import { containerSettings } from "./container";
import { attributeName } from "../sites/node";
import { loadBalancer, loadBalancersBySite } from "./load-balancer";

const health = z
  .strictObject({
    path: text(
      // What RFC 3986 lets stand in a path and a query, less the quotes of shells.
      /^\/[\w.~!$&()*+,;=:@%/?-]*$/,
      "a path such as /healthz",
    )
      .default("/healthz")
      .describe("Path of the container that answers with 2xx or 3xx when the service is well."),
    // Source: DigitalOcean API Reference, load balancers: 3 to 300 s, 2 to 10 checks.
    intervalSeconds: z.int().min(3).max(300).default(3).describe("Seconds between two checks."),
    unhealthyAfter: z.int().min(2).max(10).default(2).describe("Failed checks that take a node out."),
    healthyAfter: z.int().min(2).max(10).default(2).describe("Passed checks that take a node in."),
  })
  .prefault({})
  .describe("Health checks of the load balancers; every other time-out follows from these.");

const http = z.strictObject({
  port: port.describe("Port of the node, and of the container unless `containerPort` says otherwise."),
  containerPort: port.optional().describe("Port that the container listens on."),
  health,
  handover: z
    .enum(["proxy", "app"])
    .default("proxy")
    .describe(
      'Who keeps requests from failing when a task starts or ends: `"proxy"`, a proxy in front of any image; `"app"`, the image itself.',
    ),
  loadBalancer: loadBalancer.prefault({}),
  sites: loadBalancersBySite.default({}),
});

/** Attributes of nodes, by name. */
export const nodeSelector = z
  .record(
    attributeName,
    text(/^[A-Za-z0-9_.@/:-]+$/, "a value without spaces, by which ECS can be asked for nodes"),
  )
  .default({})
  .describe("Only on nodes with these attributes.");

/** Seconds that most containers start in. */
export const usualStartSeconds = 60;

/** Something that runs all the time on nodes. */
export const service = z.strictObject({
  ...containerSettings,
  placement: z
    .union([z.literal("every-node"), z.record(key, z.int().min(0))], {
      error: 'must be "every-node", or a number of tasks for each site',
    })
    .default("every-node")
    .describe('`"every-node"` for a task on each node, or a number of tasks for each site by its name.'),
  on: nodeSelector,
  exec: z
    .boolean()
    .default(false)
    .describe("Whether ECS Exec is possible; makes the root file system writable."),
  startSeconds: z
    .int()
    .min(1)
    .max(300)
    .default(usualStartSeconds)
    .describe("Seconds that the container may take to start, before failed health checks count."),
  stopSeconds: z
    .int()
    .min(1)
    .max(3600)
    .default(15)
    .describe("Seconds for the container to finish once it is told to stop; then it is killed."),
  healthCommand: z
    .array(text(/^[^\0]+$/, "a text without the character NUL"))
    .min(1)
    .optional()
    .describe("Command in the container that exits with 0 when it is well."),
  rollout: z
    .strictObject({
      atOnce: z
        .int()
        .min(1)
        .optional()
        .describe("Tasks that a roll-out replaces at the same time; by default one up to ten, then a tenth."),
      timeoutMinutes: z
        .int()
        .min(1)
        .max(1440)
        .optional()
        .describe("Minutes after which a deploy gives up; by default what the numbers above make probable."),
    })
    .prefault({})
    .describe("How a site moves to a new revision."),
  http: http.optional().describe("What answers HTTP requests, on a fixed port of its nodes."),
});

export type Service = DeepReadonly<z.output<typeof service>>;
export type Http = DeepReadonly<z.output<typeof http>>;
export type Health = DeepReadonly<z.output<typeof health>>;

/** How ECS places the tasks of a service. It can't change that of one that exists. */
export function schedulingOf({ placement }: Pick<Service, "placement">): "DAEMON" | "REPLICA" {
  return placement === "every-node" ? "DAEMON" : "REPLICA";
}
