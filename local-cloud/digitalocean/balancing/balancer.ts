import type { Socket } from "node:net";
import type { LoadBalancerSettings } from "../state";
import type { HealthSamples } from "./health-samples";

/** Listens for a load balancer's clients and passes their requests on. */
export interface Balancer {
  /**
   * Of an internal one, a private address of its VPC; otherwise a loopback address that only it listens on, where the
   * platform has more than one.
   */
  readonly ip: string;
  /**
   * Listens on the entry ports of these settings and on no others. A listener that stays gets the certificate that its
   * rule now names, and keeps serving. @throws ApiError 422 when a port can't be had
   */
  update(settings: LoadBalancerSettings): Promise<void>;
  /** Serves a client of its VPC on an entry port. */
  accept(entryPort: number, connection: Socket, client: string): void;
  /** Its droplets' health, as its metrics report it. */
  readonly healthSamples: HealthSamples["between"];
  close(): Promise<void>;
}
