import type { Config } from "../../config/schema";
import { keyOf } from "../nodes/node-key";
import type { Fleet, FleetNode } from "./fleet";
import type { Problem } from "./problem";
import { problemsOf } from "./problems";
import { selectFleet } from "./select";

/** Problems that say nothing about whether a site serves with all its nodes. */
const others: readonly Problem["kind"][] = [
  "replacement-pending",
  "ping-lost",
  "service-missing",
  "job-failed",
  "unknown-registration",
];

/**
 * The reasons why a site isn't steady, one line each: a node that is missing, a service that lacks tasks or whose
 * roll-out is in progress, a backend that is unhealthy.
 */
export function unsteadiness(fleet: Fleet, site: string): string[] {
  const own = selectFleet(fleet, [site]);
  const underWay = own.services.filter(
    ({ deployments, pending }) => pending > 0 || deployments.some(({ state }) => state === "IN_PROGRESS"),
  );
  return [
    ...problemsOf(own)
      .filter(({ kind }) => !others.includes(kind))
      .map(({ subject, message, remedy }) => `${subject}: ${message} (${remedy})`),
    ...underWay.map(({ name }) => `${name}: its tasks are still being started`),
    ...own.services
      .filter(({ running, desired }) => running > desired)
      .map(({ name, running, desired }) => `${name}: ${running - desired} of its tasks still have to stop`),
  ];
}

/**
 * The duties that a replaced node doesn't fulfil yet: running the services that run on every node and ran there before,
 * and serving behind the load balancers, as far as DigitalOcean reports.
 */
export function missingOn(fleet: Fleet, before: FleetNode, { services }: Config): string[] {
  const node = nodeIn(fleet, before);
  const key = keyOf(before);
  if (node?.containerInstance?.agentConnected !== true) {
    return [`${key}: it isn't registered`];
  }
  const missing = before.tasks.flatMap(({ of, health }) => {
    const isEverywhere = of !== null && services[of]?.placement === "every-node";
    const runs = node.tasks.some(
      (task) =>
        task.of === of && task.status === "RUNNING" && (health === "UNKNOWN" || task.health === "HEALTHY"),
    );
    return isEverywhere && !runs ? [`${key}: ${of} doesn't run on it yet`] : [];
  });
  // Where nothing was known before, nothing will be.
  const measured = before.backends.filter(({ state }) => state !== "unknown").map(({ service }) => service);
  const silent = node.backends.filter(
    ({ service, state }) => state !== "healthy" && measured.includes(service),
  );
  return [
    ...missing,
    ...silent.map(({ service, state }) => `${key}: the load balancer of ${service} finds it ${state}`),
  ];
}

/** This node in another look at the fleet. */
export function nodeIn({ sites }: Fleet, { site, node }: Pick<FleetNode, "site" | "node">) {
  return sites.find((one) => one.site === site)?.nodes.find((one) => one.node === node);
}
