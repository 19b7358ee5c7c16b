import { joined } from "../../config/names";
import type { Config } from "../../config/schema";
import type { DigitalOcean } from "../checks/digitalocean/api";
import type { Droplet, LoadBalancer } from "../fleet/sources/digitalocean";
import type { Kind, Thing } from "./thing";

interface Named {
  readonly id: string;
  readonly name: string;
}

/**
 * A deployment's resources at DigitalOcean. Names alone prove too little: a droplet must also have its site's tag, and
 * a load balancer must target that tag.
 */
export async function findAtDigitalOcean(api: DigitalOcean, { name: deployment }: Config): Promise<Thing[]> {
  const [tags, loadBalancers, firewalls, certificates, vpcs] = await Promise.all([
    api.list<{ readonly name: string }>("/v2/tags", "tags"),
    api.list<LoadBalancer>("/v2/load_balancers", "load_balancers"),
    api.list<Named>("/v2/firewalls", "firewalls"),
    api.list<Named & { readonly type: string }>("/v2/certificates", "certificates"),
    api.list<Named & { readonly default: boolean }>("/v2/vpcs", "vpcs"),
  ]);
  const own = tags.map(({ name }) => name).filter((name) => isOf(deployment, name, 2));
  const droplets = await Promise.all(
    own.map(async (tag) => {
      const tagged = await api.list<Droplet>(`/v2/droplets?tag_name=${encodeURIComponent(tag)}`, "droplets");
      return tagged.filter(({ name }) => isOf(tag, name, 3));
    }),
  );
  const things = (kind: Kind, all: readonly { readonly id: string | number; readonly name: string }[]) =>
    all.map(({ id, name }): Thing => ({ kind, id: String(id), name, site: name.split("--")[1], by: [] }));
  return [
    ...things("droplet", droplets.flat()),
    ...things(
      "load balancer",
      loadBalancers.filter(({ name, tag = "" }) => isOf(deployment, name, 3) && isOf(tag, name, 3)),
    ),
    ...things(
      "firewall",
      firewalls.filter(({ name }) => isOf(deployment, name, 2)),
    ),
    ...things(
      "certificate",
      certificates.filter(
        ({ name, type }) => type === "lets_encrypt" && isOf(deployment, name, 3) && /-\d+-\d+$/.test(name),
      ),
    ),
    ...things(
      "VPC",
      vpcs.filter((one) => isOf(deployment, one.name, 2) && !one.default),
    ),
    ...things(
      "tag",
      own.map((name) => ({ id: name, name })),
    ),
  ];
}

/** Whether a name has `count` parts and begins with these. */
function isOf(parts: string, name: string, count: number): boolean {
  return parts !== "" && name.startsWith(joined(parts, "")) && name.split("--").length === count;
}
