/** CPU and memory of a droplet size. */
export interface DropletSize {
  readonly vcpus: number;
  readonly memoryMiB: number;
}

/**
 * CPU and memory from a size's slug: `s-1vcpu-512mb-10gb`, `g-2vcpu-8gb-intel`, or `c-4`, which has 2 GiB per
 * processor. Undefined for slugs that say nothing, or something else: `gpu-h100x1-80gb` gives the GPU's memory. Source:
 * DigitalOcean API Reference, sizes.
 */
export function sizeOf(slug: string): DropletSize | undefined {
  const [, cpus, amount, unit] = /^[a-z0-9_]+-(\d+)vcpu-(\d+)(mb|gb)(?:-|$)/.exec(slug) ?? [];
  if (cpus !== undefined) {
    return { vcpus: Number(cpus), memoryMiB: Number(amount) * (unit === "gb" ? 1024 : 1) };
  }
  const [, optimised] = /^c-(\d+)(?:-intel)?$/.exec(slug) ?? [];
  return optimised === undefined
    ? undefined
    : { vcpus: Number(optimised), memoryMiB: Number(optimised) * 2048 };
}

/**
 * Memory that the operating system, Docker and both agents use: 200 MiB, or a twentieth on large machines, since the
 * kernel's tables grow with the memory (64 bytes for each page of 4 KiB, and more for its caches), and ECS offers tasks
 * only the rest.
 */
export function systemMiB({ memoryMiB }: DropletSize): number {
  return Math.max(200, Math.ceil(memoryMiB / 20));
}

/** Memory that must be free on a machine when it becomes a node; bootstrap.sh refuses one with less. */
export const leastFreeMiB = 512;
