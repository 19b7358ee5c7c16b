/** In the order in which they are removed: nodes leave both their registrations before their machines go. */
export const kinds = [
  "activation",
  "container instance",
  "managed instance",
  "droplet",
  "load balancer",
  "firewall",
  "certificate",
  "VPC",
  "tag",
  "log group",
] as const;

/** Those that have to be gone before anything else is removed. */
export const registrations: readonly Kind[] = ["activation", "container instance", "managed instance"];

/** Those that are found by the tag of their site. */
export const tagged: readonly Kind[] = ["droplet", "load balancer"];

/** Those that have to stay as long as one of these does: what protects it, and what it is found by. */
export const neededByTagged: readonly Kind[] = ["firewall", "tag"];

/** A resource in one of the clouds that carries the name of a deployment. */
export interface Thing {
  readonly kind: Kind;
  readonly id: string;
  /** The node that it claims to be, as `site/node`, or its name. */
  readonly name: string;
  /** Name of its site; undefined where it belongs to none. */
  readonly site: string | undefined;
  /** Other keys by which a state may know it: a node's identity, or a registration with an activation. */
  readonly by: readonly string[];
}

export type Kind = (typeof kinds)[number];
