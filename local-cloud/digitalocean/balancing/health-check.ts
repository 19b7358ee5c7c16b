import { request } from "node:http";
import type { Account } from "../account";
import { machineName } from "../machine-name";
import { createHealthSamples, type HealthSamples } from "./health-samples";
import { backends, isReachable } from "./reachability";
import type { Droplet, HealthCheck, LoadBalancer } from "../state";

/** The health of the droplets behind one load balancer. */
export interface Health {
  isHealthy(droplet: Droplet): boolean;
  readonly samples: HealthSamples["between"];
  stop(): void;
}

/** A droplet's health, and how many checks in a row have contradicted it. */
interface Record {
  healthy: boolean;
  contradictions: number;
  underWay: boolean;
}

/**
 * Checks each droplet behind a load balancer at its interval. A droplet starts unhealthy; the thresholds say how many
 * results in a row change that. Each change is noted in the journal.
 */
export function watchHealth(account: Account, self: () => LoadBalancer | undefined): Health {
  const { world, machines } = account;
  const records = new Map<number, Record>();
  const samples = createHealthSamples(world);

  const judge = (loadBalancer: LoadBalancer, droplet: Droplet, record: Record, passed: boolean): void => {
    const { healthy_threshold: up, unhealthy_threshold: down } = loadBalancer.settings.health_check;
    record.contradictions = passed === record.healthy ? 0 : record.contradictions + 1;
    if (record.contradictions >= (record.healthy ? down : up)) {
      record.healthy = passed;
      record.contradictions = 0;
      account.event(passed ? "backend-healthy" : "backend-unhealthy", {
        load_balancer: loadBalancer.settings.name,
        droplet_id: droplet.id,
        name: droplet.name,
      });
    }
  };

  const checkAll = (): void => {
    const loadBalancer = self();
    const current = loadBalancer === undefined ? [] : backends(world, loadBalancer);
    for (const id of records.keys()) {
      if (!current.some((droplet) => droplet.id === id)) {
        records.delete(id);
      }
    }
    for (const droplet of current) {
      const record = records.get(droplet.id) ?? { healthy: false, contradictions: 0, underWay: false };
      records.set(droplet.id, record);
      if (loadBalancer === undefined || record.underWay) {
        continue;
      }
      const { health_check: settings } = loadBalancer.settings;
      record.underWay = true;
      void check(settings, () =>
        isReachable(world, loadBalancer, droplet, settings.port)
          ? machines.connect(machineName(droplet), settings.port)
          : undefined,
      ).then((passed) => {
        record.underWay = false;
        judge(loadBalancer, droplet, record, passed);
      });
    }
  };

  const measureAll = (): void => {
    const loadBalancer = self();
    const current = loadBalancer === undefined ? [] : backends(world, loadBalancer);
    samples.take(
      current.map(({ id, name }) => ({ server: name, healthy: records.get(id)?.healthy ?? false })),
    );
  };

  let timer: NodeJS.Timeout;
  const tick = (): void => {
    measureAll();
    checkAll();
    timer = setTimeout(tick, (self()?.settings.health_check.check_interval_seconds ?? 0.1) * 1000).unref();
  };
  tick();
  return {
    isHealthy: ({ id }) => records.get(id)?.healthy ?? false,
    samples: samples.between,
    stop: () => clearTimeout(timer),
  };
}

type Connect = () => ReturnType<Account["machines"]["connect"]> | undefined;

/** One check. Source: DigitalOcean, "Load Balancer Health Checks": http passes with a status from 200 to 399. */
function check(
  { protocol, path, response_timeout_seconds: seconds }: HealthCheck,
  connect: Connect,
): Promise<boolean> {
  const socket = connect();
  if (socket === undefined) {
    return Promise.resolve(false);
  }
  return new Promise((resolve) => {
    const done = (passed: boolean): void => {
      clearTimeout(timer);
      resolve(passed);
      socket.destroy();
    };
    const timer = setTimeout(done, seconds * 1000, false);
    socket.once("error", () => done(false));
    if (protocol === "tcp") {
      socket.once("connect", () => done(true));
      return;
    }
    request({ path, headers: { host: "localhost" }, createConnection: () => socket })
      .on("response", ({ statusCode = 0 }) => done(statusCode >= 200 && statusCode < 400))
      .on("error", () => done(false))
      .end();
  });
}
