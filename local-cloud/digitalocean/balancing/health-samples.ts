import type { World } from "../../world";

/** A droplet's health when the metrics were last taken. */
interface Sample {
  /** Seconds since the epoch. */
  readonly at: number;
  /** Name of the droplet. */
  readonly server: string;
  readonly healthy: boolean;
}

/** The samples of one load balancer's droplets. */
export interface HealthSamples {
  /** Takes one of each droplet, if it is time. */
  take(droplets: readonly Omit<Sample, "at">[]): void;
  /** Those in a window of seconds since the epoch, oldest first. */
  readonly between: (start: number, end: number) => readonly Sample[];
}

/** Seconds after which a sample is forgotten. */
const kept = 3600;

/** Source of the interval: github.com/kozaktomas/digitalocean_exporter, which found two minutes. */
export function createHealthSamples({ digitalocean: { behaviour } }: World): HealthSamples {
  let samples: readonly Sample[] = [];
  let takenAt = 0;
  return {
    take: (droplets) => {
      const now = Date.now();
      if (droplets.length === 0 || now - takenAt < behaviour.metricsMilliseconds) {
        return;
      }
      takenAt = now;
      const at = Math.floor(now / 1000);
      samples = [
        ...samples.filter((sample) => at - sample.at <= kept),
        ...droplets.map((droplet) => ({ at, ...droplet })),
      ];
    },
    between: (start, end) => samples.filter(({ at }) => start <= at && at <= end),
  };
}
