import { createHash } from "node:crypto";
import { doing, unlessGone, type DigitalOceanClient } from "./client";
import { seconds } from "../duration";
import { PartialError, type ResourceType } from "../resource-type";
import { isList, isObj, isSame, type Obj, picked, type Value, text } from "../value";

/** A droplet as the API shows it, with the members that are read individually. */
type Droplet = Obj & {
  readonly id: number;
  readonly status: string;
  readonly locked: boolean;
  readonly features: readonly string[];
  readonly tags: readonly string[];
  readonly image: { readonly slug: string };
  readonly region: { readonly slug: string };
  readonly size: { readonly slug: string; readonly price_monthly: number; readonly price_hourly: number };
  readonly networks: Readonly<
    Record<"v4" | "v6", readonly { readonly type: string; readonly ip_address: string }[]>
  >;
};

/** Source: the provider's resource_droplet.go; the wait for a deleted droplet can't be configured. */
const defaultSeconds = { create: 3600, update: 3600, delete: 60, gone: 60 };

/** `digitalocean_droplet` */
export function dropletType(client: DigitalOceanClient): ResourceType {
  const { call, wait } = client;
  const path = ({ id }: Obj): string => `/v2/droplets/${text(id)}`;
  const get = async (state: Obj): Promise<Droplet> =>
    (await call<{ droplet: Droplet }>("GET", path(state))).droplet;
  return {
    forceNew: ["image", "region", "user_data", "ssh_keys", "monitoring", "vpc_uuid", "droplet_agent"],
    // DigitalOcean can switch it on, but never off again.
    forceNewIf: { ipv6: (wanted, prior) => wanted === false && prior === true },
    defaults: { backups: false, ipv6: false, monitoring: false, resize_disk: true, graceful_shutdown: false },
    stored: {
      user_data: (script) => createHash("sha1").update(script).digest("hex"),
      region: (slug) => slug.toLowerCase(),
      size: (slug) => slug.toLowerCase(),
    },
    create: async (wanted) => {
      const created = call<{ droplet: Droplet }>("POST", "/v2/droplets", request(wanted));
      const id = String((await doing("creating droplet", created)).droplet.id);
      const isActive = async (): Promise<boolean> => {
        const { status, locked } = await get({ id });
        return status === "active" && !locked;
      };
      const limit = seconds(wanted.timeouts, "create", defaultSeconds.create);
      try {
        const active = wait(`droplet ${id} to become active`, limit, isActive);
        await doing(`waiting for droplet (${id}) to become ready`, active);
        return show(await get({ id }));
      } catch (error) {
        throw new PartialError(error instanceof Error ? error.message : String(error), { id });
      }
    },
    read: async (state) => {
      const found = await doing("retrieving droplet", unlessGone(get(state), null));
      return found === null ? null : show(found);
    },
    update: async (wanted, prior) => {
      const fixed = ["private_networking", "volume_ids"];
      const isChanged = (name: string): boolean => !isSame(wanted[name], prior[name]);
      const unmodelled = fixed.find(isChanged);
      if (unmodelled !== undefined) {
        throw new Error(
          `The stand-in provider can't change a droplet's ${unmodelled} in place; replace the droplet.`,
        );
      }
      const limit = seconds(wanted.timeouts, "update", defaultSeconds.update);
      const act = async (type: string, more: Obj = {}): Promise<void> => {
        await doing(
          `${type} of droplet (${text(prior.id)})`,
          call("POST", `${path(prior)}/actions`, { type, ...more }),
        );
        await wait(`droplet ${text(prior.id)} to be unlocked`, limit, async () => !(await get(prior)).locked);
      };
      if (isChanged("size")) {
        await act("power_off");
        await act("resize", { size: wanted.size ?? null, disk: wanted.resize_disk ?? null });
        await act("power_on");
      }
      if (isChanged("name")) {
        await act("rename", { name: wanted.name ?? null });
      }
      if (isChanged("backups")) {
        await act(wanted.backups === true ? "enable_backups" : "disable_backups");
      }
      if (isChanged("ipv6") && wanted.ipv6 === true) {
        await act("enable_ipv6");
      }
      await setTags(client, text(prior.id), texts(prior.tags), texts(wanted.tags));
      return show(await get(prior));
    },
    remove: async (prior) => {
      const limit = seconds(prior.timeouts, "delete", defaultSeconds.delete);
      const id = text(prior.id);
      const isUnlocked = async (): Promise<boolean> => !(await get(prior)).locked;
      const unlocked = wait(`droplet ${id} to be unlocked`, limit, isUnlocked);
      await doing(`waiting for droplet to be unlocked for destroy (${id})`, unlocked);
      if (prior.graceful_shutdown === true) {
        await doing(
          "shutting down the droplet",
          call("POST", `${path(prior)}/actions`, { type: "shutdown" }),
        );
        await wait(`droplet ${id} to become off`, limit, async () => (await get(prior)).status === "off");
      }
      await doing("deleting droplet", unlessGone(call("DELETE", path(prior)), undefined));
      const isGone = async (): Promise<boolean> => (await unlessGone(get(prior), undefined)) === undefined;
      await doing("deleting droplet", wait(`droplet ${id} to be gone`, defaultSeconds.gone, isGone));
    },
  };
}

/** `digitalocean_droplets`, filtered only by tags. */
export function dropletsSource({ call }: DigitalOceanClient): (configuration: Obj) => Promise<Obj> {
  return async ({ filter }) => {
    const filters = isList(filter) ? filter.filter(isObj) : [];
    const other = filters.find(({ key }) => key !== "tags");
    if (other !== undefined) {
      throw new Error(`The stand-in provider can't filter droplets by ${text(other.key)}.`);
    }
    const { droplets } = await call<{ droplets: readonly Droplet[] }>("GET", "/v2/droplets?per_page=200");
    const isWanted = ({ tags }: Droplet): boolean =>
      filters.every(({ values }) => texts(values).some((tag) => tags.includes(tag)));
    const shown = droplets.filter(isWanted).map((droplet): Obj => {
      const { id, image } = droplet;
      return { ...show(droplet), id, image: image.slug, ipv6_address_private: "" };
    });
    return { id: "droplets", droplets: shown };
  };
}

function texts(value: Value | undefined): string[] {
  return isList(value) ? value.map(String) : [];
}

/** The API accepts numbers as ids; a text is a slug or a fingerprint. */
function idOrText(given: string): string | number {
  return /^\d+$/.test(given) ? Number(given) : given;
}

function request(wanted: Obj): object {
  const optional = ["user_data", "vpc_uuid"].filter((name) => typeof wanted[name] === "string");
  return {
    ...picked(wanted, "name region size"),
    image: idOrText(text(wanted.image)),
    ssh_keys: texts(wanted.ssh_keys).map(idOrText),
    tags: texts(wanted.tags),
    volumes: texts(wanted.volume_ids),
    backups: wanted.backups === true,
    ipv6: wanted.ipv6 === true,
    monitoring: wanted.monitoring === true,
    ...(typeof wanted.droplet_agent === "boolean" && { with_droplet_agent: wanted.droplet_agent }),
    ...Object.fromEntries(optional.map((name) => [name, wanted[name]])),
  };
}

async function setTags(
  { call }: DigitalOceanClient,
  id: string,
  before: string[],
  after: string[],
): Promise<void> {
  const resources = { resources: [{ resource_id: id, resource_type: "droplet" }] };
  for (const tag of before.filter((name) => !after.includes(name))) {
    await doing("updating tags", call("DELETE", `/v2/tags/${tag}/resources`, resources));
  }
  for (const tag of after.filter((name) => !before.includes(name))) {
    await doing("updating tags", call("POST", "/v2/tags", { name: tag }));
    await doing("updating tags", call("POST", `/v2/tags/${tag}/resources`, resources));
  }
}

/** The image is left out: a slug may come to mean another image, so the real provider doesn't read it either. */
function show(droplet: Droplet): Obj {
  const has = (feature: string): boolean => droplet.features.includes(feature);
  const address = (type: string): string =>
    droplet.networks.v4.find((network) => network.type === type)?.ip_address ?? "";
  return {
    ...picked(droplet, "name disk vcpus memory status locked created_at vpc_uuid volume_ids tags"),
    id: String(droplet.id),
    urn: `do:droplet:${droplet.id}`,
    region: droplet.region.slug,
    size: droplet.size.slug,
    price_hourly: droplet.size.price_hourly,
    price_monthly: droplet.size.price_monthly,
    ipv4_address: address("public"),
    ipv4_address_private: address("private"),
    ipv6_address: droplet.networks.v6[0]?.ip_address ?? "",
    ...Object.fromEntries(
      ["backups", "ipv6", "private_networking", "monitoring"].map((name) => [name, has(name)]),
    ),
  };
}
