import { randomUUID } from "node:crypto";
import type { JsonObject, World } from "../world";
import type { Account } from "./account";
import { forbidden, unprocessable } from "./api/api-error";
import { checkedRegion } from "./catalog";
import { address, overlap, parseRange } from "./ipv4";
import type { Resource } from "./api/resource";
import type { Vpc } from "./state";

/** VPC networks. The first one of a region is its default, until another one there is made the default. */
export function vpcs({ world }: Account): Resource<Vpc> {
  const all = world.digitalocean.vpcs;
  return {
    path: "/v2/vpcs",
    key: "vpc_id",
    names: ["vpc", "vpcs"],
    list: () => [...all.values()],
    find: (id) => all.get(id),
    show: (vpc) => ({
      id: vpc.id,
      urn: `do:vpc:${vpc.id}`,
      name: vpc.name,
      description: vpc.description,
      region: vpc.region,
      ip_range: vpc.ipRange,
      default: vpc.isDefault,
      created_at: new Date(vpc.createdAt).toISOString(),
    }),
    create: (body) => createVpc(world, body as VpcRequest & JsonObject),
    update: (vpc, body) => {
      const { name, description = "", default: makeDefault } = body as VpcRequest & JsonObject;
      if (makeDefault === true) {
        const ofRegion = [...all.values()].filter(({ region }) => region === vpc.region);
        ofRegion.forEach((one) => {
          one.isDefault = one === vpc;
        });
      }
      vpc.name = name;
      vpc.description = description;
    },
    remove: (vpc) => {
      if (vpc.isDefault) {
        throw forbidden("Can not delete default VPCs");
      }
      if (members(world, vpc.id).length > 0) {
        throw forbidden("Can not delete VPC with members");
      }
      all.delete(vpc.id);
    },
  };
}

interface VpcRequest {
  readonly name: string;
  readonly region: string;
  readonly description?: string;
  readonly ip_range?: string;
  readonly default?: boolean;
}

function createVpc(world: World, { name, region, description = "", ip_range }: VpcRequest): Vpc {
  const all = world.digitalocean.vpcs;
  if ([...all.values()].some((vpc) => vpc.name === name)) {
    throw unprocessable("name: Name must be unique");
  }
  const vpc: Vpc = {
    id: randomUUID(),
    name,
    description,
    region: checkedRegion(region, "VPC creation"),
    ipRange: ip_range === undefined ? freeRange(world) : checkedRange(world, ip_range),
    isDefault: ![...all.values()].some((other) => other.region === region),
    createdAt: Date.now(),
  };
  all.set(vpc.id, vpc);
  return vpc;
}

/** The VPC for a droplet or load balancer: the region's default, created if there is none. */
export function vpcFor(world: World, region: string, id: string | undefined): Vpc {
  if (id === undefined) {
    const found = [...world.digitalocean.vpcs.values()].find((vpc) => vpc.isDefault && vpc.region === region);
    return found ?? createVpc(world, { name: `default-${region}`, region });
  }
  const vpc = world.digitalocean.vpcs.get(id);
  if (vpc?.region !== region) {
    throw unprocessable(`VPC ${id} does not exist in region ${region}.`);
  }
  return vpc;
}

/** A private address of a VPC that none of its droplets and load balancers uses. */
export function freeAddress(world: World, vpc: Vpc): string {
  const range = parseRange(vpc.ipRange);
  const { droplets, loadBalancers } = world.digitalocean;
  const taken = new Set([
    ...[...droplets.values()].map(({ privateIp }) => privateIp),
    ...[...loadBalancers.values()].map(({ ip }) => ip),
  ]);
  // The first addresses of a range are the network's own and its gateway's.
  for (let offset = 2; range !== undefined && offset < range.size - 1; offset += 1) {
    const candidate = address(range.first + offset);
    if (!taken.has(candidate)) {
      return candidate;
    }
  }
  throw unprocessable(`VPC ${vpc.name} has no free address in ${vpc.ipRange}.`);
}

function members(world: World, id: string): readonly object[] {
  const { droplets, loadBalancers } = world.digitalocean;
  return [
    ...[...droplets.values()].filter(({ vpcId }) => vpcId === id),
    ...[...loadBalancers.values()].filter(({ settings }) => settings.vpc_uuid === id),
  ];
}

function freeRange(world: World): string {
  for (let second = 100; second < 256; second += 1) {
    const candidate = `10.${second}.0.0/20`;
    if (!isTaken(world, candidate)) {
      return candidate;
    }
  }
  throw unprocessable("No range of addresses is free for a further VPC.");
}

function checkedRange(world: World, range: string): string {
  const parsed = parseRange(range);
  // Source: DigitalOcean API, "Create a New VPC": no smaller than /28, no larger than /16.
  if (parsed === undefined || parsed.size < 2 ** 4 || parsed.size > 2 ** 16) {
    throw unprocessable(`ip_range: ${range} is not a network in CIDR notation between /28 and /16.`);
  }
  if (isTaken(world, range)) {
    throw unprocessable("This range/size overlaps with another VPC network in your account.");
  }
  return range;
}

function isTaken(world: World, range: string): boolean {
  const wanted = parseRange(range);
  return [...world.digitalocean.vpcs.values()].some(({ ipRange }) => {
    const other = parseRange(ipRange);
    return wanted !== undefined && other !== undefined && overlap(wanted, other);
  });
}
