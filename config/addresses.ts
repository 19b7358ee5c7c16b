import { IPv4, IPv6 } from "ipaddr.js";

/**
 * A range such as `203.0.113.0/24` or `2001:db8::/32` as the clouds write it: by its first address, IPv6 in its shortest
 * form. Undefined for any other text.
 */
export function canonicalRange(text: string): string | undefined {
  const first = IPv4.isValidCIDRFourPartDecimal(text)
    ? IPv4.networkAddressFromCIDR(text)
    : // No zone, which is one machine's own, and no IPv4 inside, of which the library makes another address.
      IPv6.isValidCIDR(text) && !/[%.]/.test(text)
      ? IPv6.networkAddressFromCIDR(text)
      : undefined;
  return first && `${first.toString()}/${Number(text.split("/")[1])}`;
}

/** Whether some address is in both of these ranges of IPv4. */
export function overlap(one: string, other: string): boolean {
  const [[a, aBits], [b, bBits]] = [IPv4.parseCIDR(one), IPv4.parseCIDR(other)];
  return a.match(b, Math.min(aBits, bBits));
}
