/** A range of addresses, as CIDR notation writes it. */
export interface AddressRange {
  readonly family: 4 | 6;
  /** Its first address, as a number. */
  readonly first: bigint;
  /** How many addresses it has. */
  readonly size: bigint;
  /** Bits that all its addresses share. */
  readonly prefix: number;
  /** How the clouds write it: by its first address, IPv6 in its shortest form. */
  readonly canonical: string;
}

/** Reads `203.0.113.0/24` or `2001:db8::/32`; undefined for anything else. */
export function parseRange(text: string): AddressRange | undefined {
  const [, address = "", bits = ""] = /^([0-9A-Fa-f.:]+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = address.includes(":") ? 6 : 4;
  const parts = family === 4 ? partsOfV4(address) : partsOfV6(address);
  const [width, partBits] = family === 4 ? [32, 8n] : [128, 16n];
  const prefix = Number(bits);
  if (parts === undefined || prefix > width) {
    return undefined;
  }
  const size = 2n ** BigInt(width - prefix);
  const value = parts.reduce((sum, part) => (sum << partBits) + BigInt(part), 0n);
  const first = value - (value % size);
  return { family, first, size, prefix, canonical: `${write(first, family)}/${prefix}` };
}

/** Whether some address is in both. */
export function overlap(a: AddressRange, b: AddressRange): boolean {
  return a.family === b.family && a.first < b.first + b.size && b.first < a.first + a.size;
}

/** Whether every address of the first is in the second. */
export function isWithin(inner: AddressRange, outer: AddressRange): boolean {
  return inner.prefix >= outer.prefix && overlap(inner, outer);
}

function partsOfV4(address: string): number[] | undefined {
  const isAddress = /^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(address);
  const parts = address.split(".").map(Number);
  return isAddress && parts.every((part) => part < 256) ? parts : undefined;
}

function partsOfV6(address: string): number[] | undefined {
  const host = URL.canParse(`http://[${address}]/`) ? new URL(`http://[${address}]/`).hostname : undefined;
  if (host === undefined) {
    return undefined;
  }
  const [left = [], right = []] = host
    .slice(1, -1)
    .split("::")
    .map((half) => half.split(":").filter((part) => part !== ""));
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...zeros, ...right].map((part) => Number.parseInt(part, 16));
}

function write(address: bigint, family: AddressRange["family"]): string {
  const [count, bits] = family === 4 ? [4, 8n] : [8, 16n];
  const parts = Array.from({ length: count }, (_, index) => {
    return Number((address >> (BigInt(count - 1 - index) * bits)) & (2n ** bits - 1n));
  });
  return family === 4
    ? parts.join(".")
    : new URL(`http://[${parts.map((part) => part.toString(16)).join(":")}]/`).hostname.slice(1, -1);
}
