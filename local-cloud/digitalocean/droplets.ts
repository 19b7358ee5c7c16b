import type { JsonObject } from "../world";
import { startAction } from "./actions";
import type { Account, Action } from "./account";
import { notModelled, unprocessable } from "./api/api-error";
import { checkOrder, diskGb, findSize, showRegion, showSize } from "./catalog";
import { address } from "./ipv4";
import { machineName } from "./machine-name";
import { coveringFirewalls, servingLoadBalancers } from "./balancing/reachability";
import { required, type Resource, type Routes } from "./api/resource";
import type { Droplet } from "./state";
import { ensureTag } from "./tags";
import { freeAddress, vpcFor } from "./vpcs";

/** Droplets: each has its own machine, which boots after the call that creates it. */
export function droplets(account: Account): Resource<Droplet> {
  const { world } = account;
  const all = world.digitalocean.droplets;
  const creations = new Map<number, Action>();
  return {
    path: "/v2/droplets",
    key: "droplet_id",
    names: ["droplet", "droplets"],
    list: (query) => {
      const { tag_name: tag, name, type } = query as { tag_name?: string; name?: string; type?: string };
      return [...all.values()].filter(
        (droplet) =>
          (tag === undefined || droplet.tags.includes(tag)) &&
          (name === undefined || droplet.name === name) &&
          type !== "gpus",
      );
    },
    find: (id) => (/^\d+$/.test(id) ? all.get(Number(id)) : undefined),
    show: (droplet) => showDroplet(account, droplet),
    create: (body) => {
      const droplet = newDroplet(account, body as DropletRequest & JsonObject);
      all.set(droplet.id, droplet);
      creations.set(
        droplet.id,
        startAction(account, droplet, "create", () => boot(account, droplet)),
      );
      return droplet;
    },
    created: ({ id }) => {
      const action = creations.get(id);
      return { links: { actions: action === undefined ? [] : [{ id: action.id, rel: "create" }] } };
    },
    remove: (droplet) => removeDroplet(account, droplet),
  };
}

/** Deleting every droplet of a tag. */
export function deleteByTagRoutes(account: Account): Routes {
  return {
    "DELETE /v2/droplets": {
      call: ({ query }) => {
        const { tag_name: tag } = query as { tag_name: string };
        const tagged = [...account.world.digitalocean.droplets.values()].filter(({ tags }) =>
          tags.includes(tag),
        );
        tagged.forEach((droplet) => removeDroplet(account, droplet));
        return undefined;
      },
    },
  };
}

interface DropletRequest {
  readonly name?: string;
  readonly region?: string;
  readonly size: string;
  readonly image: string | number;
  readonly ssh_keys?: readonly (string | number)[];
  readonly tags?: readonly string[];
  readonly user_data?: string;
  readonly vpc_uuid?: string;
  readonly monitoring?: boolean;
  readonly backups?: boolean;
  readonly ipv6?: boolean;
  readonly public_networking?: boolean;
  readonly volumes?: readonly string[];
}

/** 198.18.0.0/15 is reserved for tests of networks (RFC 2544), so that nothing real has such an address. */
const firstPublicAddress = 198 * 2 ** 24 + 18 * 2 ** 16;
/** Source: DigitalOcean API, "Create a New Droplet": user data is limited to 64 KiB. */
const userDataLimit = 64 * 1024;

function newDroplet(account: Account, request: DropletRequest): Droplet {
  const { world } = account;
  const { name, region, size, image, ssh_keys: sshKeys = [], tags = [], user_data: userData = "" } = request;
  if (name === undefined || region === undefined) {
    throw notModelled(
      name === undefined ? "Creating several droplets in one call" : "A droplet without a region",
    );
  }
  const unmodelled = (["backups", "ipv6"] as const).find((feature) => request[feature]);
  if (unmodelled !== undefined || request.public_networking === false || (request.volumes ?? []).length > 0) {
    throw notModelled(`A droplet with ${unmodelled ?? "volumes or without a public network"}`);
  }
  const { behaviour, droplets: all } = world.digitalocean;
  checkOrder(behaviour, { region, size, image });
  if (all.size >= behaviour.dropletLimit) {
    throw unprocessable("creating this/these droplet(s) will exceed your droplet limit");
  }
  const wrongKey = sshKeys.map(String).find((key) => !/^(\d+|[0-9a-f]{2}(:[0-9a-f]{2}){15})$/.test(key));
  if (wrongKey !== undefined) {
    throw unprocessable(`${wrongKey} are invalid key identifiers for Droplet creation.`);
  }
  if (Buffer.byteLength(userData) > userDataLimit) {
    throw unprocessable(`user_data is larger than ${userDataLimit} bytes.`);
  }
  const vpc = vpcFor(world, region, request.vpc_uuid);
  tags.forEach((tag) => ensureTag(world, tag));
  const id = account.nextId();
  return {
    id,
    name,
    region,
    size,
    image: String(image),
    vpcId: vpc.id,
    publicIp: address(firstPublicAddress + (id % 2 ** 17)),
    privateIp: freeAddress(world, vpc),
    userData,
    sshKeys: sshKeys.map(String),
    tags: [...new Set(tags)],
    status: "new",
    features: new Set(request.monitoring === true ? (["monitoring"] as const) : []),
    createdAt: Date.now(),
  };
}

async function boot(account: Account, droplet: Droplet): Promise<void> {
  const { world, machines } = account;
  const firewalls = coveringFirewalls(world, droplet).map(({ name }) => name);
  account.event(firewalls.length === 0 ? "booted-open" : "booted", {
    droplet_id: droplet.id,
    name: droplet.name,
    firewalls,
    load_balancers: servingLoadBalancers(world, droplet).map(({ settings }) => settings.name),
  });
  const [, prefix = ""] = required(world.digitalocean.vpcs.get(droplet.vpcId)).ipRange.split("/");
  try {
    await machines.boot({
      name: machineName(droplet),
      hostname: droplet.name,
      userData: droplet.userData,
      publicIp: droplet.publicIp,
      privateIp: `${droplet.privateIp}/${prefix}`,
    });
  } catch (error) {
    // DigitalOcean removes a droplet that it couldn't create.
    await machines.destroy(machineName(droplet));
    world.digitalocean.droplets.delete(droplet.id);
    throw error;
  }
  droplet.status = "active";
}

/** The droplet can be seen until its machine is gone, as a real one can for some seconds. */
function removeDroplet(account: Account, droplet: Droplet): void {
  account.enqueue(droplet.id, async () => {
    if (account.world.digitalocean.droplets.has(droplet.id)) {
      await account.machines.destroy(machineName(droplet));
      await account.lapse(() => account.world.digitalocean.behaviour.deletionMilliseconds);
      account.world.digitalocean.droplets.delete(droplet.id);
      account.event("destroyed", { droplet_id: droplet.id, name: droplet.name });
    }
  });
}

function showDroplet({ actions }: Account, droplet: Droplet): JsonObject {
  const size = findSize(droplet.size);
  const network = { netmask: "255.255.240.0" };
  return {
    id: droplet.id,
    name: droplet.name,
    memory: size.memoryMiB,
    vcpus: size.vcpus,
    disk: diskGb,
    locked: actions.some(({ dropletId, status }) => dropletId === droplet.id && status === "in-progress"),
    status: droplet.status,
    created_at: new Date(droplet.createdAt).toISOString().replace(/\.\d+/, ""),
    features: ["private_networking", ...droplet.features],
    backup_ids: [],
    next_backup_window: null,
    snapshot_ids: [],
    image: /^\d+$/.test(droplet.image) ? { id: Number(droplet.image), slug: null } : { slug: droplet.image },
    volume_ids: [],
    size: showSize(size, [droplet.region]),
    size_slug: size.slug,
    networks: {
      v4: [
        { ...network, type: "public", ip_address: droplet.publicIp },
        { ...network, type: "private", ip_address: droplet.privateIp },
      ],
      v6: droplet.features.has("ipv6") ? [showIpv6(droplet)] : [],
    },
    region: showRegion(droplet.region),
    tags: droplet.tags,
    vpc_uuid: droplet.vpcId,
  };
}

/** 2001:db8::/32 is reserved for documentation (RFC 3849). */
function showIpv6({ id }: Droplet): JsonObject {
  return { type: "public", ip_address: `2001:db8::${id.toString(16)}`, netmask: 64, gateway: "2001:db8::1" };
}
