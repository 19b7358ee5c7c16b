import { healthTimes } from "./health";
import type { Http, Service } from "./service";

/** The proxy in front of a service whose `handover` is "proxy": its resources on a node and its port. */
export const proxy = {
  cpuUnits: 64,
  memoryMiB: 128,
  /** Concurrent connections; each may take two buffers of 16 KiB. */
  connections: 2000,
  openFiles: 8192,
  /** Port inside its container. */
  port: 8080,
  /** The path that load balancers check instead of the app's own health path, which clients may request, too. */
  healthPath: "/.anywhere/health",
} as const;

/** Environment variables that give handover settings to an image that does its own handover. */
const handoverVariables = ["PORT", "HEALTH_PATH", "LAME_DUCK_SECONDS", "READY_AFTER_SECONDS"] as const;

/** Their values. */
export type HandoverVariables = Readonly<Record<(typeof handoverVariables)[number], string>>;

/** Variables that the deployment sets in a service's container, so that users can't. */
export function deploymentVariables({ http }: Pick<Service, "http">): readonly string[] {
  return http?.handover === "app" ? handoverVariables : [];
}

/** The path that a load balancer checks: it fails while a stopping task still serves. */
export function checkedPath({ handover, health }: Http): string {
  return handover === "proxy" ? proxy.healthPath : health.path;
}

/** Outputs of a service's stack that record the properties of its tasks that load balancers rely on. */
export interface Reliance {
  readonly checked_path: string;
  readonly lame_duck_seconds: string;
  readonly ready_after_seconds: string;
}

/** The properties of its tasks that a service's load balancers rely on. */
export function relianceOn(http: Http): Reliance {
  const { lameDuck, readyAfter } = healthTimes(http.health);
  return {
    checked_path: checkedPath(http),
    lame_duck_seconds: String(lameDuck),
    ready_after_seconds: String(readyAfter),
  };
}
