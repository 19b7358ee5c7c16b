import type { Socket } from "node:net";

/** Private addresses that machines reach, each those of its own network. */
export interface PrivateNetwork {
  /** The listening addresses in a machine's network, each as `10.100.0.5:80`. */
  addresses(machine: string): readonly string[];
  /** Opens one of these addresses for a machine: takes the connection over. Undefined when nothing listens there, or it may not. */
  open(machine: string, address: string): ((connection: Socket) => void) | undefined;
}
