/** What an account is allowed, and how its cloud behaves at present: tests change it as time and people do. */
export interface Behaviour {
  /** What every token may do: everything, read alone, or nothing, since it was revoked. */
  access: "full" | "read" | "none";
  /** Droplets that the account may have. */
  dropletLimit: number;
  /** What isn't to be had: a region (`ams3`), or a size or image of a region (`ams3/s-1vcpu-1gb`). */
  unavailable: readonly string[];
}

/** An account that may do everything, in a cloud that has everything. */
export function initialBehaviour(): Behaviour {
  return { access: "full", dropletLimit: 1000, unavailable: [] };
}
