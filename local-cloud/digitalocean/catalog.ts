import type { JsonObject } from "../world";
import { unprocessable } from "./api-error";

/** Source: DigitalOcean API, `region_slug` in the published OpenAPI. */
const regions = "ams1 ams2 ams3 blr1 fra1 lon1 nyc1 nyc2 nyc3 sfo1 sfo2 sfo3 sgp1 tor1 syd1".split(" ");

/** The region, which must be one of DigitalOcean's. @throws ApiError 422 */
export function checkedRegion(slug: string, purpose: string): string {
  if (!regions.includes(slug)) {
    throw unprocessable(`You specified an invalid region for ${purpose}.`);
  }
  return slug;
}

export function showRegion(slug: string): JsonObject {
  return { slug, name: slug.toUpperCase(), available: true, features: ["metadata"], sizes: [] };
}

/** Processors and memory that a size's slug tells. */
export interface Size {
  readonly slug: string;
  readonly vcpus: number;
  readonly memoryMiB: number;
}

/**
 * Reads a size's slug: `s-2vcpu-4gb`, `g-2vcpu-8gb-intel`, `s-1vcpu-512mb-10gb`, or `c-4`, which has 2 GiB a processor.
 * @throws ApiError 422
 */
export function parseSize(slug: string): Size {
  const [, vcpus, memory, unit] = /^[a-z0-9_]+-(\d+)vcpu-(\d+)(gb|mb)(?:-[a-z0-9]+)*$/.exec(slug) ?? [];
  if (vcpus !== undefined && memory !== undefined) {
    return { slug, vcpus: Number(vcpus), memoryMiB: Number(memory) * (unit === "gb" ? 1024 : 1) };
  }
  const [, cpus] = /^c-(\d+)(?:-intel)?$/.exec(slug) ?? [];
  if (cpus !== undefined) {
    return { slug, vcpus: Number(cpus), memoryMiB: Number(cpus) * 2048 };
  }
  throw unprocessable("You specified an invalid size for Droplet creation.");
}

/** The disk of every droplet, in GB: this cloud's machines have no disks of different sizes. */
export const diskGb = 25;

/** Prices and transfer are nought: this cloud costs nothing. */
export function showSize({ slug, vcpus, memoryMiB }: Size, region: string): JsonObject {
  return {
    slug,
    vcpus,
    memory: memoryMiB,
    disk: diskGb,
    transfer: 0,
    price_monthly: 0,
    price_hourly: 0,
    regions: [region],
    available: true,
    description: "Local",
  };
}
