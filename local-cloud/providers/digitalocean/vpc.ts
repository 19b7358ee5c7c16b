import { deleteOnceUnused, doing, unlessGone, type DigitalOceanClient } from "./client";
import { seconds } from "../duration";
import type { ResourceType } from "../resource-type";
import { type Obj, text } from "../value";

/** A VPC has the same members in the API as in a state. */
type Vpc = Obj & { readonly region: string; readonly default: boolean };

/** `digitalocean_vpc` as a data source, only by region: that region's default. */
export function vpcSource({ call }: DigitalOceanClient): (configuration: Obj) => Promise<Obj> {
  return async ({ id = null, name = null, region = null }) => {
    if (id !== null || name !== null || region === null) {
      throw new Error("The stand-in provider finds a VPC only by its region.");
    }
    const { vpcs } = await doing(
      "retrieving VPC",
      call<{ vpcs: readonly Vpc[] }>("GET", "/v2/vpcs?page=1&per_page=200"),
    );
    const found = vpcs.find((vpc) => vpc.default && vpc.region === region);
    if (found === undefined) {
      throw new Error(`Error retrieving VPC: unable to find default VPC in ${text(region)} region`);
    }
    return { ...found };
  };
}

/** `digitalocean_vpc` */
export function vpcType(client: DigitalOceanClient): ResourceType {
  const { call } = client;
  const path = ({ id }: Obj): string => `/v2/vpcs/${text(id)}`;
  return {
    forceNew: ["region", "ip_range"],
    create: async ({ name, region, description, ip_range }) => {
      const body = { name, region, description, ...(typeof ip_range === "string" && { ip_range }) };
      const { vpc } = await doing("creating VPC", call<{ vpc: Vpc }>("POST", "/v2/vpcs", body));
      return { ...vpc };
    },
    read: async (state) => {
      const answer = await doing("reading VPC", unlessGone(call<{ vpc: Vpc }>("GET", path(state)), null));
      return answer === null ? null : { ...answer.vpc };
    },
    update: async (wanted, prior) => {
      const { name, description, default: isDefault } = wanted;
      const body = { name, description, default: isDefault };
      const { vpc } = await doing("updating VPC", call<{ vpc: Vpc }>("PUT", path(prior), body));
      return { ...vpc };
    },
    // Members that are being deleted keep a VPC in use for a while.
    remove: (prior) =>
      deleteOnceUnused(client, path(prior), {
        limit: seconds(prior.timeouts, "delete", 120),
        isInUse: ({ status }) => status === 403 || status === 409,
      }),
  };
}
