import type { Notice } from "../check";
import { Refused, unlessDenied, type DigitalOcean } from "./api";

/** A size or image that a droplet needs, its region, and the site that sets it. */
export interface Order {
  readonly site: string;
  readonly region: string;
  readonly size: string;
  readonly image: string;
}

/** The regions that offer a size or image, by its slug or number. */
type Offers = ReadonlyMap<string, readonly string[]>;

/** A line for each size and image that a site's region doesn't offer, and for each region that accepts no droplets. */
export async function offerProblems(
  api: DigitalOcean,
  orders: readonly Order[],
  file: string,
  notice: Notice,
): Promise<string[]> {
  if (orders.length === 0) {
    return [];
  }
  const images = [...new Set(orders.map(({ image }) => image))];
  const [regions, sizes, imagesOffered] = await Promise.all([
    unlessDenied("Regions were", openRegions(api), notice),
    unlessDenied("Sizes were", sizeOffers(api), notice),
    unlessDenied("Images were", imageOffers(api, images), notice),
  ]);
  const problems = orders.flatMap(({ site, region, size, image }) => {
    const place = `choose another in ${file}, sites.${site}`;
    if (regions !== undefined && !regions.includes(region)) {
      return [`DigitalOcean accepts no droplets in region ${region}: ${place} (${regions.join(", ")})`];
    }
    return [lack("size", size, region, sizes), lack("image", image, region, imagesOffered)]
      .filter((problem) => problem !== undefined)
      .map((problem) => `${problem}: ${place}`);
  });
  return [...new Set(problems)];
}

/** @param offers undefined when they couldn't be read */
function lack(kind: string, wanted: string, region: string, offers: Offers | undefined): string | undefined {
  const places = offers?.get(wanted);
  if (offers === undefined || places?.includes(region)) {
    return undefined;
  }
  return places === undefined
    ? `DigitalOcean has no ${kind} ${wanted}`
    : `DigitalOcean doesn't offer the ${kind} ${wanted} in ${region} (${places.length === 0 ? "nor anywhere else" : `only in ${places.join(", ")}`})`;
}

async function openRegions(api: DigitalOcean): Promise<string[]> {
  const regions = await api.list<Region>("/v2/regions", "regions");
  return regions.filter(({ available }) => available).map(({ slug }) => slug);
}

interface Region {
  readonly slug: string;
  readonly available: boolean;
}

async function sizeOffers(api: DigitalOcean): Promise<Offers> {
  const sizes = await api.list<Region & Offer>("/v2/sizes", "sizes");
  return new Map(sizes.map(({ slug, available, regions }) => [slug, available ? regions : []]));
}

interface Offer {
  readonly regions: readonly string[];
}

async function imageOffers(api: DigitalOcean, names: readonly string[]): Promise<Offers> {
  const images = await Promise.all(
    names.map(async (name) => {
      try {
        const path = `/v2/images/${encodeURIComponent(name)}`;
        const { image } = await api.get<{ readonly image: Offer }>(path);
        return [[name, image.regions] as const];
      } catch (error) {
        if (error instanceof Refused && error.status === 404) {
          return [];
        }
        throw error;
      }
    }),
  );
  return new Map(images.flat());
}
