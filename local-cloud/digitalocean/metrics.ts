import type { JsonObject } from "../world";
import type { Account } from "./account";
import { unprocessable } from "./api/api-error";
import { required, type Route, type Routes } from "./api/resource";

const path = "/v2/monitoring/metrics/load_balancer/droplets_health_checks";

/**
 * The metrics of load balancers: for each droplet 100 while it passes its checks and 0 otherwise.
 * Source: DigitalOcean API, "Get Load Balancer Droplets Health Check Status Metrics".
 */
export function metricsRoutes({ world, balancers }: Account): Routes {
  const call: Route["call"] = ({ query }) => {
    const { lb_id: id, start, end } = query as Readonly<Record<"lb_id" | "start" | "end", string>>;
    const { region } = required(world.digitalocean.loadBalancers.get(id)).settings;
    const samples = required(balancers.get(id)).healthSamples(secondsOf(start), secondsOf(end));
    const result = [...new Set(samples.map(({ server }) => server))].map((server): JsonObject => ({
      metric: { lb_id: id, region, server },
      values: samples
        .filter((sample) => sample.server === server)
        .map(({ at, healthy }) => [at, healthy ? "100" : "0"]),
    }));
    return { status: "success", data: { resultType: "matrix", result } };
  };
  return { [`GET ${path}`]: { call } };
}

function secondsOf(text: string): number {
  if (!/^\d+$/.test(text)) {
    throw unprocessable(`${text} is not a UNIX timestamp`);
  }
  return Number(text);
}
