import type { JsonObject } from "../world";
import { unprocessable } from "./api/api-error";
import type { Behaviour } from "./behaviour";

/** Source: DigitalOcean API, `region_slug` in the published OpenAPI. */
const regions = "ams1 ams2 ams3 blr1 fra1 lon1 nyc1 nyc2 nyc3 sfo1 sfo2 sfo3 sgp1 tor1 syd1".split(" ");

/** Source: DigitalOcean, "Droplet Features: Available Images", without those for graphics processors. */
const distributions =
  "almalinux-9-x64 centos-stream-9-x64 debian-12-x64 debian-13-x64 fedora-42-x64 rockylinux-9-x64 ubuntu-22-04-x64 ubuntu-24-04-x64 ubuntu-25-04-x64".split(
    " ",
  );

/**
 * Sizes by class, each as the rest of the slug after the class's letters.
 * Source: DigitalOcean, "Droplet Pricing", without graphics processors.
 */
const sizesOfClass: Readonly<Record<string, string>> = {
  s: [
    "1vcpu-512mb-10gb 1vcpu-1gb 1vcpu-1gb-amd 1vcpu-1gb-intel 1vcpu-2gb 1vcpu-2gb-amd 1vcpu-2gb-intel",
    "2vcpu-2gb 2vcpu-2gb-amd 2vcpu-2gb-intel 2vcpu-4gb 2vcpu-4gb-amd 2vcpu-4gb-intel 2vcpu-8gb-amd",
    "4vcpu-8gb 4vcpu-8gb-amd 4vcpu-8gb-intel 4vcpu-16gb-amd 8vcpu-16gb 8vcpu-16gb-amd 8vcpu-16gb-intel",
    "8vcpu-32gb-amd",
  ].join(" "),
  c: "2 4 8 16 32 48 4-intel 8-intel 16-intel 32-intel 48-intel",
  c2: "2vcpu-4gb 4vcpu-8gb 8vcpu-16gb 16vcpu-32gb 32vcpu-64gb 48vcpu-96gb",
  g: "2vcpu-8gb 4vcpu-16gb 8vcpu-32gb 16vcpu-64gb 32vcpu-128gb 40vcpu-160gb 2vcpu-8gb-intel 4vcpu-16gb-intel",
  gd: "2vcpu-8gb 4vcpu-16gb 8vcpu-32gb 16vcpu-64gb 32vcpu-128gb 40vcpu-160gb",
  m: "2vcpu-16gb 4vcpu-32gb 8vcpu-64gb 16vcpu-128gb 24vcpu-192gb 32vcpu-256gb",
  m3: "2vcpu-16gb 4vcpu-32gb 8vcpu-64gb 16vcpu-128gb 24vcpu-192gb 32vcpu-256gb",
  so: "2vcpu-16gb 4vcpu-32gb 8vcpu-64gb 16vcpu-128gb 24vcpu-192gb 32vcpu-256gb",
};

const sizes = Object.entries(sizesOfClass).flatMap(([letters, list]) =>
  list.split(" ").map((rest) => readSize(`${letters}-${rest}`)),
);

/** The region, which must be one of DigitalOcean's. @throws ApiError 422 */
export function checkedRegion(slug: string, purpose: string): string {
  if (!regions.includes(slug)) {
    throw unprocessable(`You specified an invalid region for ${purpose}.`);
  }
  return slug;
}

/** Processors and memory according to a size's slug. */
export interface Size {
  readonly slug: string;
  readonly vcpus: number;
  readonly memoryMiB: number;
}

/** Reads `s-2vcpu-4gb`, `s-1vcpu-512mb-10gb`, or `c-4`, which has 2 GiB a processor. */
function readSize(slug: string): Size {
  const [, vcpus, memory, unit] = /-(\d+)vcpu-(\d+)(gb|mb)(?:-|$)/.exec(slug) ?? [];
  if (vcpus !== undefined) {
    return { slug, vcpus: Number(vcpus), memoryMiB: Number(memory) * (unit === "gb" ? 1024 : 1) };
  }
  const cpus = Number(/^c-(\d+)/.exec(slug)?.[1]);
  return { slug, vcpus: cpus, memoryMiB: cpus * 2048 };
}

/** The size of a droplet. @throws ApiError 422 */
export function findSize(slug: string): Size {
  const size = sizes.find((one) => one.slug === slug);
  if (size === undefined) {
    throw unprocessable("You specified an invalid size for Droplet creation.");
  }
  return size;
}

/** The requested properties of a droplet. */
export interface Order {
  readonly region: string;
  readonly size: string;
  readonly image: string | number;
}

/** Checks that all of it is available, in DigitalOcean's own words. @throws ApiError 422 */
export function checkOrder(behaviour: Behaviour, { region, size, image }: Order): void {
  checkedRegion(region, "Droplet creation");
  findSize(size);
  if (!isOffered(behaviour, region)) {
    throw unprocessable("Region is not available");
  }
  if (!isOffered(behaviour, region, size)) {
    throw unprocessable("Size is not available in this region.");
  }
  if (!isImage(String(image)) || !isOffered(behaviour, region, String(image))) {
    throw unprocessable("You specified an invalid image for Droplet creation.");
  }
}

/** A distribution, or the number of a snapshot: every number counts as one of the account. */
function isImage(name: string): boolean {
  return distributions.includes(name) || /^\d+$/.test(name);
}

function isOffered({ unavailable }: Behaviour, region: string, what?: string): boolean {
  return !unavailable.includes(region) && !unavailable.includes(`${region}/${what ?? ""}`);
}

function regionsOffering(behaviour: Behaviour, what: string): string[] {
  return regions.filter((region) => isOffered(behaviour, region, what));
}

export function showRegion(slug: string): JsonObject {
  return { slug, name: slug.toUpperCase(), available: true, features: ["metadata"], sizes: [] };
}

/** Every region, with the sizes that it has at present. */
export function showRegions(behaviour: Behaviour): JsonObject[] {
  return regions.map((slug) => ({
    ...showRegion(slug),
    available: isOffered(behaviour, slug),
    sizes: sizes.filter((size) => isOffered(behaviour, slug, size.slug)).map((size) => size.slug),
  }));
}

/** The disk of every droplet, in GB: this cloud's machines have no disks of different sizes. */
export const diskGb = 25;

/** Prices and transfer are zero: this cloud costs nothing. */
export function showSize({ slug, vcpus, memoryMiB }: Size, inRegions: readonly string[]): JsonObject {
  return {
    slug,
    vcpus,
    memory: memoryMiB,
    disk: diskGb,
    transfer: 0,
    price_monthly: 0,
    price_hourly: 0,
    regions: inRegions,
    available: inRegions.length > 0,
    description: "Local",
  };
}

/** Every size, with the regions that have it at present. */
export function showSizes(behaviour: Behaviour): JsonObject[] {
  return sizes.map((size) => showSize(size, regionsOffering(behaviour, size.slug)));
}

/** The image of this slug or number, if there is one, with the regions that have it at present. */
export function showImage(behaviour: Behaviour, name: string): JsonObject | undefined {
  if (!isImage(name)) {
    return undefined;
  }
  const isSnapshot = /^\d+$/.test(name);
  return {
    id: isSnapshot ? Number(name) : 100_000_000 + distributions.indexOf(name),
    name,
    type: isSnapshot ? "snapshot" : "base",
    slug: isSnapshot ? null : name,
    public: !isSnapshot,
    regions: regionsOffering(behaviour, name),
    min_disk_size: 7,
    status: "available",
  };
}
