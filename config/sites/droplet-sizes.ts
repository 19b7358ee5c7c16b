/** What a droplet of a size has. */
export interface DropletSize {
  readonly vcpus: number;
  readonly memoryMiB: number;
}

/**
 * What a size's slug tells: `s-1vcpu-512mb-10gb`, `g-2vcpu-8gb-intel`, or `c-4`, which has 2 GiB a processor. Undefined
 * for slugs that tell nothing, or something else: `gpu-h100x1-80gb` gives the memory of the GPU. Source: DigitalOcean API
 * Reference, sizes.
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
 * What the operating system, Docker and both agents take of a machine's memory: 200 MiB, on large machines a twentieth,
 * since the kernel's tables grow with the memory (64 bytes for each page of 4 KiB, and more for its caches), and ECS
 * offers to tasks only what the kernel has left.
 */
export function systemMiB({ memoryMiB }: DropletSize): number {
  return Math.max(200, Math.ceil(memoryMiB / 20));
}
