/** An account's permissions and limits, and its cloud's present behaviour: tests change them as time and people do. */
export interface Behaviour {
  /** The permissions of every token: everything, only reading, or nothing, since it was revoked. */
  access: "full" | "read" | "none";
  /** Droplets that the account may have. */
  dropletLimit: number;
  /** Offers that are unavailable: a region (`ams3`), or a size or image of a region (`ams3/s-1vcpu-1gb`). */
  unavailable: readonly string[];
  /** How long a droplet can be seen after its deletion, in addition to its machine's time. */
  deletionMilliseconds: number;
  /** How long a droplet is locked by an action on it, in addition to its machine's time. */
  actionMilliseconds: number;
  /** How long a certificate still counts as in use once no load balancer has it any more. */
  certificateReleaseMilliseconds: number;
  /** Time between two samples of a load balancer's metrics. */
  metricsMilliseconds: number;
  /** The one of the API's two wordings for a certificate in use. */
  certificateRefusal: keyof typeof certificateRefusals;
}

/** Source: terraform-provider-digitalocean 2.87.0, which distinguishes both from other refusals. */
export const certificateRefusals = {
  usual: "Make sure the certificate is not in use before deleting it",
  other: "Certificate is being used by one or more load balancers",
} as const;

/**
 * An account that may do everything, in a cloud that offers everything and loses no time, but measures as rarely as the
 * real one.
 */
export function initialBehaviour(): Behaviour {
  return {
    access: "full",
    dropletLimit: 1000,
    unavailable: [],
    deletionMilliseconds: 0,
    actionMilliseconds: 0,
    certificateReleaseMilliseconds: 0,
    metricsMilliseconds: 120_000,
    certificateRefusal: "usual",
  };
}
