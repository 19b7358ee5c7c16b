/**
 * Memory of a droplet size in MiB, as far as its slug says it (`s-1vcpu-512mb-10gb`, `g-2vcpu-8gb`);
 * undefined for slugs that don't. Source: DigitalOcean API Reference, sizes.
 */
export function memoryOf(size: string): number | undefined {
  const [, amount, unit] = /-(\d+)(mb|gb)(?:-|$)/.exec(size) ?? [];
  return amount === undefined ? undefined : Number(amount) * (unit === "gb" ? 1024 : 1);
}
