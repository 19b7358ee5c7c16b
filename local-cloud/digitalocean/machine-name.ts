import type { Droplet } from "./state";

/** Name of the machine that a droplet runs on. */
export function machineName({ id }: Droplet): string {
  return `droplet-${id}`;
}
