import { z } from "zod";
import type { DeepReadonly } from "../deep-readonly";
import { key, port, text } from "../forms";
import { containerSettings } from "./container";
import { attributeName } from "../sites/node";
import { loadBalancer, loadBalancersBySite } from "./load-balancer";

const health = z
  .strictObject({
    path: text(
      // Characters that RFC 3986 allows in a path and a query, without the quotes of shells.
      /^\/[\w.~!$&()*+,;=:@%/?-]*$/,
      "a path such as /healthz",
    )
      .default("/healthz")
      .describe("Path at which the container answers with 2xx or 3xx when the service is healthy."),
    // Source: DigitalOcean API Reference, load balancers: 3 to 300 s, 2 to 10 checks.
    intervalSeconds: z.int().min(3).max(300).default(3).describe("Seconds between checks."),
    unhealthyAfter: z
      .int()
      .min(2)
      .max(10)
      .default(2)
      .describe("Failed checks after which a node gets no requests."),
    healthyAfter: z
      .int()
      .min(2)
      .max(10)
      .default(2)
      .describe("Passed checks after which a node gets requests."),
  })
  .prefault({})
  .describe("Health checks of the load balancers; every other time-out is derived from these.");

const http = z.strictObject({
  port: port.describe("Port of the node, and of the container unless `containerPort` says otherwise."),
  containerPort: port.optional().describe("Port that the container listens on."),
  health,
  handover: z
    .enum(["proxy", "app"])
    .default("proxy")
    .describe(
      'Handover of requests when a task starts or stops: `"proxy"`, by a proxy in front of any image; `"app"`, by the image itself.',
    ),
  loadBalancer: loadBalancer.prefault({}),
  sites: loadBalancersBySite.default({}),
});

/** Attributes of nodes, by name. */
export const nodeSelector = z
  .record(
    attributeName,
    text(
      /^[A-Za-z0-9_.@/:-]+$/,
      "a value that ECS can search nodes by: letters, digits and _ . @ / : -, without spaces",
    ),
  )
  .default({})
  .describe("Runs only on nodes with these attributes.");

/** Seconds within which most containers start. */
export const usualStartSeconds = 60;

/** Tasks that run on nodes all the time. */
export const service = z.strictObject({
  ...containerSettings,
  placement: z
    .union([z.literal("every-node"), z.record(key, z.int().min(0))], {
      error: 'must be "every-node", or a number of tasks for each site',
    })
    .default("every-node")
    .describe('`"every-node"` for one task on each node, or the number of tasks for each site by name.'),
  on: nodeSelector,
  exec: z
    .boolean()
    .default(false)
    .describe("Whether ECS Exec is enabled; makes the root file system writable."),
  startSeconds: z
    .int()
    .min(1)
    .max(300)
    .default(usualStartSeconds)
    .describe("Seconds that the container may take to start before failed health checks count."),
  stopSeconds: z
    .int()
    .min(1)
    .max(3600)
    .default(15)
    .describe("Seconds that the container has to stop after its stop signal, before it is killed."),
  healthCommand: z
    .array(text(/^[^\0]+$/, "a string without the character NUL"))
    .min(1)
    .optional()
    .describe("Command in the container that exits with 0 when it is healthy."),
  rollout: z
    .strictObject({
      atOnce: z
        .int()
        .min(1)
        .optional()
        .describe(
          "Tasks that a roll-out replaces at the same time; by default one, or a tenth if there are more than ten.",
        ),
      timeoutMinutes: z
        .int()
        .min(1)
        .max(1440)
        .optional()
        .describe("Minutes after which a deploy gives up; by default derived from the settings above."),
    })
    .prefault({})
    .describe("How a roll-out replaces tasks at a site."),
  http: http.optional().describe("HTTP on a fixed port of the service's nodes."),
});

export type Service = DeepReadonly<z.output<typeof service>>;
export type Http = DeepReadonly<z.output<typeof http>>;
export type Health = DeepReadonly<z.output<typeof health>>;

/** How ECS places the tasks of a service. ECS can't change it for an existing service. */
export function schedulingOf({ placement }: Pick<Service, "placement">): "DAEMON" | "REPLICA" {
  return placement === "every-node" ? "DAEMON" : "REPLICA";
}
