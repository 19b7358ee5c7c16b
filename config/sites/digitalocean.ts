import { problemsAtDigitalOcean } from "./digitalocean-rules";
import { digitalOceanSite, type DigitalOceanSite, type DropletSpec } from "./digitalocean-site";
import { sizeOf, systemMiB } from "./droplet-sizes";
import { machinesOf, type Machine, type SiteKind } from "./kind";

/** A droplet uses its activation minutes after its creation; the rest is for plans that wait for approval. */
const dropletHours = 24;

/** Droplets in a region. */
export const digitalOcean = {
  schema: digitalOceanSite,
  loadBalancers: true,
  // Source: DigitalOcean, Droplets: every plan has Intel or AMD processors.
  platform: "linux/amd64",
  machines: (site: DigitalOceanSite) => machinesOf<DropletSpec>(site.nodes, (spec) => machineOf(site, spec)),
  activationHours: () => dropletHours,
  awaitsNodes: () => true,
  problems: problemsAtDigitalOcean,
} satisfies SiteKind<DigitalOceanSite>;

function machineOf(site: DigitalOceanSite, spec: DropletSpec): Machine {
  const size = spec.size ?? site.size;
  const image = spec.image ?? site.image;
  const vpc = site.vpc === "default" ? site.vpc : site.vpc.ipRange;
  const offered = sizeOf(size);
  return {
    spec,
    incarnation: [site.region, size, image, vpc],
    texts: { image, size },
    model: size,
    named: true,
    capacity: offered && {
      cpuUnits: offered.vcpus * 1024,
      memoryMiB: offered.memoryMiB - systemMiB(offered),
    },
  };
}
