import { namesOf } from "../../../config/names";
import { resolveSites } from "../../../config/sites/nodes";
import type { DigitalOceanSite } from "../../../config/sites/digitalocean-site";
import type { Undertaking } from "../check";
import { unlessDenied, type DigitalOcean } from "./api";
import { offerProblems, type Order } from "./droplet-offers";

/** An account's status and limits. */
export interface Account {
  readonly droplet_limit: number;
  readonly status: string;
  readonly status_message: string;
}

/** A droplet in the config. */
interface Wanted extends Order {
  readonly name: string;
}

/** A droplet that exists. */
interface Existing {
  readonly name: string;
  readonly size_slug: string;
  readonly image: { readonly id: number; readonly slug?: string | null };
}

type Sites = ReadonlyMap<string, DigitalOceanSite>;

/** Whether the account may have the droplets that a deploy adds, and their regions offer their sizes and images. */
export async function dropletProblems(
  api: DigitalOcean,
  account: Account | undefined,
  sites: Sites,
  undertaking: Undertaking,
): Promise<string[]> {
  const names = namesOf(undertaking.environment.config);
  const lists = [...sites.keys()].map((site) =>
    api.list<Existing>(`/v2/droplets?tag_name=${names.site(site)}`, "droplets"),
  );
  const { environment, notice } = undertaking;
  const subject = "Quota, sizes and images of droplets were";
  const existing = (await unlessDenied(subject, Promise.all(lists), notice))?.flat();
  if (existing === undefined) {
    return [];
  }
  const wanted = wantedDroplets(sites, undertaking);
  const added = wanted.filter(({ name }) => !existing.some((droplet) => droplet.name === name));
  // A droplet that stays keeps running, even if its size or its image is no longer offered.
  const made = wanted.filter((one) => !existing.some((droplet) => isAs(droplet, one)));
  const problems = await Promise.all([
    quotaProblems(api, account, added),
    offerProblems(api, made, environment.file, notice),
  ]);
  const locked =
    account?.status === "locked"
      ? [`the DigitalOcean account is locked (${account.status_message}): see https://cloud.digitalocean.com`]
      : [];
  return [...locked, ...problems.flat()];
}

function wantedDroplets(sites: Sites, { environment: { config } }: Undertaking): Wanted[] {
  const names = namesOf(config);
  const resolved = resolveSites(config);
  return [...sites].flatMap(([site, { region }]) =>
    [...(resolved.get(site)?.nodes ?? [])].map(([node, { texts }]) => {
      const { size = "", image = "" } = texts;
      return { site, name: names.node(site, node), region, size, image };
    }),
  );
}

/** A droplet of an image that is no longer offered has lost the slug. */
function isAs({ name, size_slug: size, image: { id, slug } }: Existing, wanted: Wanted): boolean {
  return (
    name === wanted.name && size === wanted.size && [slug ?? wanted.image, String(id)].includes(wanted.image)
  );
}

async function quotaProblems(
  api: DigitalOcean,
  account: Account | undefined,
  added: readonly Wanted[],
): Promise<string[]> {
  if (added.length === 0 || account === undefined) {
    return [];
  }
  const { meta } = await api.get<{ readonly meta: { readonly total: number } }>("/v2/droplets?per_page=1");
  // Terraform may create the new ones before it deletes others.
  return meta.total + added.length <= account.droplet_limit
    ? []
    : [
        `DigitalOcean allows the account ${account.droplet_limit} droplets, and it has ${meta.total} besides the ${added.length} to be added: ` +
          "ask for more (https://cloud.digitalocean.com/account/team/droplet_limit_increase), or add fewer nodes",
      ];
}
