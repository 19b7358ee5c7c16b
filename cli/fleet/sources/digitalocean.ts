import { Refused, type DigitalOcean } from "../../checks/digitalocean/api";

/** A droplet, as far as it is read. */
export interface Droplet {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  readonly tags: readonly string[];
}

/** A load balancer, as far as it is read. */
export interface LoadBalancer {
  readonly id: string;
  readonly name: string;
  readonly ip?: string;
  readonly tag?: string;
}

/** DigitalOcean's last measurement of a droplet behind a load balancer. */
export interface Measurement {
  /** Name of the load balancer. */
  readonly loadBalancer: string;
  /** The droplet's name. */
  readonly server: string;
  readonly healthy: boolean;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A deployment's resources at DigitalOcean. */
export interface DigitalOceanAnswer {
  readonly droplets: readonly Droplet[];
  readonly loadBalancers: readonly LoadBalancer[];
  readonly measurements: readonly Measurement[];
}

/** The query for DigitalOcean. */
export interface DigitalOceanQuestion {
  /** Tags of the sites' droplets. */
  readonly tags: readonly string[];
  /** Names of load balancers. */
  readonly loadBalancers: readonly string[];
}

/** Seconds back for which metrics are requested: several times the interval at which they are taken. */
const window = 600;

/** Asks DigitalOcean for droplets and load balancers, and for each load balancer's metrics about its droplets. */
export async function askDigitalOcean(
  api: DigitalOcean,
  { tags, loadBalancers: names }: DigitalOceanQuestion,
): Promise<DigitalOceanAnswer> {
  const [droplets, balanced] = await Promise.all([
    Promise.all(
      tags.map((tag) => api.list<Droplet>(`/v2/droplets?tag_name=${encodeURIComponent(tag)}`, "droplets")),
    ),
    names.length === 0 ? undefined : measured(api, names),
  ]);
  return { droplets: droplets.flat(), loadBalancers: [], measurements: [], ...balanced };
}

async function measured(api: DigitalOcean, names: readonly string[]) {
  const all = await api.list<LoadBalancer>("/v2/load_balancers", "load_balancers");
  const loadBalancers = all.filter(({ name }) => names.includes(name));
  const measurements = await Promise.all(loadBalancers.map((one) => measurementsOf(api, one)));
  return { loadBalancers, measurements: measurements.flat() };
}

interface Metrics {
  readonly data: {
    readonly result: readonly {
      readonly metric: { readonly server?: string };
      readonly values: readonly (readonly [number, string])[];
    }[];
  };
}

/**
 * The API reports a load balancer's health only in its metrics. Without the scope `monitoring:read` it is unknown.
 * Source: DigitalOcean API, "Get Load Balancer Droplets Health Check Status Metrics".
 */
async function measurementsOf(api: DigitalOcean, { id, name }: LoadBalancer): Promise<Measurement[]> {
  const end = Math.floor(Date.now() / 1000);
  const query = `lb_id=${id}&start=${end - window}&end=${end}`;
  try {
    const path = "/v2/monitoring/metrics/load_balancer/droplets_health_checks";
    const { data } = await api.get<Metrics>(`${path}?${query}`);
    return data.result.flatMap(({ metric: { server = "" }, values }) => {
      const [at, value] = values.at(-1) ?? [];
      return at === undefined
        ? []
        : [{ loadBalancer: name, server, healthy: Number(value) > 0, at: at * 1000 }];
    });
  } catch (error) {
    if (error instanceof Refused && (error.status === 403 || error.status === 404)) {
      return [];
    }
    throw error;
  }
}
