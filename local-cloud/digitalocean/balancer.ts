import { createServer, type Server } from "node:http";
import { randomInt } from "node:crypto";
import { closeServer, listen } from "../http-server";
import type { Account } from "./account";
import { unprocessable } from "./api-error";
import { watchHealth } from "./health-check";
import { contains } from "./ipv4";
import { answerUnavailable, forward } from "./proxy";
import { backends, isReachable } from "./reachability";
import { machineName } from "./droplets";
import type { Droplet, ForwardingRule, LoadBalancer, LoadBalancerSettings } from "./state";

/** What listens for a load balancer's clients and passes their requests on. */
export interface Balancer {
  /** The loopback address that it alone listens on, where the platform has more than one. */
  readonly ip: string;
  /** Listens on the entry ports of these settings and on no others. @throws ApiError 422 when a port can't be had */
  update(settings: LoadBalancerSettings): Promise<void>;
  close(): Promise<void>;
}

/** Whether the local cloud can serve a rule. */
export function isListenable({ entry_protocol: entry, target_protocol: target }: ForwardingRule): boolean {
  return entry === "http" && target === "http";
}

/**
 * Listens for a load balancer: on a free loopback address of its own, at the entry port of each forwarding rule.
 * Requests go round the healthy droplets of its tag in turn; none healthy is 503, and no request is tried twice.
 * @throws ApiError 422 when an entry port can't be listened on
 */
export async function startBalancer(
  account: Account,
  id: string,
  settings: LoadBalancerSettings,
): Promise<Balancer> {
  const { world } = account;
  const self = (): LoadBalancer | undefined => world.digitalocean.loadBalancers.get(id);
  const health = watchHealth(account, self);
  let turn = 0;

  const nextBackend = (loadBalancer: LoadBalancer, port: number): Droplet | undefined => {
    const healthy = backends(world, loadBalancer).filter(
      (droplet) => health.isHealthy(droplet) && isReachable(world, loadBalancer, droplet, port),
    );
    turn += 1;
    return healthy[turn % Math.max(1, healthy.length)];
  };

  const createListener = (entryPort: number): Server => {
    const server = createServer((request, response) => {
      const loadBalancer = self();
      const rule = loadBalancer?.settings.forwarding_rules.find(({ entry_port: port }) => port === entryPort);
      if (loadBalancer === undefined || rule === undefined) {
        answerUnavailable(response);
        return;
      }
      const { redirect_http_to_https: redirect, http_idle_timeout_seconds: idle } = loadBalancer.settings;
      if (redirect) {
        const host = (request.headers.host ?? loadBalancer.ip).replace(/:\d+$/, "");
        response.writeHead(307, { location: `https://${host}${request.url ?? "/"}` }).end();
        return;
      }
      server.keepAliveTimeout = idle * 1000;
      const backend = nextBackend(loadBalancer, rule.target_port);
      if (backend === undefined) {
        answerUnavailable(response);
        return;
      }
      forward({
        request,
        response,
        entryPort,
        idleMilliseconds: idle * 1000,
        connect: () => account.machines.connect(machineName(backend), rule.target_port),
      });
    });
    server.on("connection", (socket) => {
      if (!isAdmitted(self(), socket.remoteAddress ?? "")) {
        socket.destroy();
      }
    });
    return server;
  };

  const listeners = new Map<number, Server>();
  const open = async (ip: string, ports: readonly number[]): Promise<void> => {
    const opened = new Map<number, Server>();
    try {
      for (const port of ports.filter((wanted) => !listeners.has(wanted))) {
        const server = createListener(port);
        await listen(server, { host: ip, port });
        opened.set(port, server);
      }
    } catch (error) {
      await Promise.all([...opened.values()].map(closeServer));
      throw error;
    }
    opened.forEach((server, port) => listeners.set(port, server));
  };

  const ip = await onFreeAddress((candidate) => open(candidate, entryPorts(settings)));
  return {
    ip,
    update: async (next) => {
      const ports = entryPorts(next);
      await open(ip, ports).catch(refuse);
      const gone = [...listeners].filter(([port]) => !ports.includes(port));
      gone.forEach(([port]) => listeners.delete(port));
      await Promise.all(gone.map(([, server]) => closeServer(server)));
    },
    close: async () => {
      health.stop();
      await Promise.all([...listeners.values()].map(closeServer));
    },
  };
}

function entryPorts({ forwarding_rules: rules }: LoadBalancerSettings): readonly number[] {
  return rules.map(({ entry_port: port }) => port);
}

/** Source: DigitalOcean API, `lb_firewall`: allow rules admit these clients only, deny rules turn clients away. */
function isAdmitted(loadBalancer: LoadBalancer | undefined, client: string): boolean {
  const ranges = (entries: readonly string[]): string[] => entries.map((entry) => entry.replace(/^\w+:/, ""));
  const { allow, deny } = loadBalancer?.settings.firewall ?? { allow: [], deny: [] };
  return (allow.length === 0 || contains(ranges(allow), client)) && !contains(ranges(deny), client);
}

/** Opens on an address of 127.0.0.0/8 that is free; on 127.0.0.1 where the platform has only that. */
async function onFreeAddress(open: (ip: string) => Promise<void>): Promise<string> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const ip = `127.${randomInt(1, 255)}.${randomInt(0, 256)}.${randomInt(1, 255)}`;
    try {
      await open(ip);
      return ip;
    } catch (error) {
      if (codeOf(error) === "EADDRNOTAVAIL") {
        break;
      }
      if (codeOf(error) !== "EADDRINUSE") {
        refuse(error);
      }
    }
  }
  await open("127.0.0.1").catch(refuse);
  return "127.0.0.1";
}

function refuse(error: unknown): never {
  const hint = codeOf(error) === "EACCES" ? "; choose a port above 1023 or run as root" : "";
  throw unprocessable(`forwarding_rules: can't listen on an entry port: ${String(error)}${hint}`);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
