import { healthTimes } from "./health";
import type { Http, Service } from "./service";

/** The proxy in front of a service whose `handover` is "proxy": what it takes of a node, and how it is reached. */
export const proxy = {
  cpuUnits: 64,
  memoryMiB: 128,
  /** Connections at the same time, each of which may take two buffers of 16 KiB. */
  connections: 2000,
  openFiles: 8192,
  /** Port inside of its container. */
  port: 8080,
  /** What load balancers ask instead of the app's own health path, which clients may ask for, too. */
  healthPath: "/.anywhere/health",
} as const;

/** Environment variables by which a deployment tells an image that hands over by itself how to do it. */
const handoverVariables = ["PORT", "HEALTH_PATH", "LAME_DUCK_SECONDS", "READY_AFTER_SECONDS"] as const;

/** What each of them holds. */
export type HandoverVariables = Readonly<Record<(typeof handoverVariables)[number], string>>;

/** Variables that a service's container gets from the deployment itself, so that no user may set them. */
export function deploymentVariables({ http }: Pick<Service, "http">): readonly string[] {
  return http?.handover === "app" ? handoverVariables : [];
}

/** The path that a load balancer asks: it fails while a task that is told to stop goes on serving. */
export function checkedPath({ handover, health }: Http): string {
  return handover === "proxy" ? proxy.healthPath : health.path;
}

/** What a load balancer relies on in the tasks behind it; the stack of their service remembers it in these outputs. */
export interface Reliance {
  readonly checked_path: string;
  readonly lame_duck_seconds: string;
  readonly ready_after_seconds: string;
}

/** What the load balancers of a service rely on. */
export function relianceOn(http: Http): Reliance {
  const { lameDuck, readyAfter } = healthTimes(http.health);
  return {
    checked_path: checkedPath(http),
    lame_duck_seconds: String(lameDuck),
    ready_after_seconds: String(readyAfter),
  };
}
