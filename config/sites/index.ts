import { digitalOcean } from "./digitalocean";
import type { SiteKind } from "./kind";
import { onPremises } from "./on-premises";

/** Every kind of site by the value of its `kind`. A stack for each is in stacks/compute/index.ts. */
export const siteKinds = {
  digitalocean: digitalOcean,
  "on-premises": onPremises,
} as const;

/** Kinds of site by name. */
export type SiteKinds = Readonly<Record<string, SiteKind>>;

/** The definition of a site's kind. */
export function kindOf(kinds: SiteKinds, { kind }: { readonly kind: string }): SiteKind {
  const known = kinds[kind];
  if (known === undefined) {
    throw new Error(`there is no kind of site called ${kind}`);
  }
  return known;
}
