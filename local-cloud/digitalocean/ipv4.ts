import { BlockList, isIPv4, isIPv6 } from "node:net";

/** A range of IPv4 addresses, as numbers. */
export interface Range {
  readonly first: number;
  readonly size: number;
}

/** Reads `10.0.0.0/16`; undefined for anything else, including an address inside a range. */
export function parseRange(cidr: string): Range | undefined {
  const [address = "", prefix = ""] = cidr.split("/");
  if (!isIPv4(address) || !/^\d{1,2}$/.test(prefix) || Number(prefix) > 32) {
    return undefined;
  }
  const first = address.split(".").reduce((number, octet) => number * 256 + Number(octet), 0);
  const size = 2 ** (32 - Number(prefix));
  return first % size === 0 ? { first, size } : undefined;
}

export function overlap(one: Range, other: Range): boolean {
  return one.first < other.first + other.size && other.first < one.first + one.size;
}

/** The dotted form of a number. */
export function address(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}

/** Whether an IPv4 address is one of these addresses or in one of these ranges, of either family. */
export function contains(ranges: readonly string[], ip: string): boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = "", prefix] = range.split("/");
    const family = isIPv6(network) ? "ipv6" : "ipv4";
    if (prefix === undefined) {
      list.addAddress(network, family);
    } else {
      list.addSubnet(network, Number(prefix), family);
    }
  }
  return list.check(ip);
}

/** Whether it is an address or a range of either family. */
export function isAddressOrRange(text: string): boolean {
  const [network = "", prefix, ...rest] = text.split("/");
  const bits = isIPv4(network) ? 32 : isIPv6(network) ? 128 : undefined;
  return (
    bits !== undefined &&
    rest.length === 0 &&
    (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits))
  );
}
