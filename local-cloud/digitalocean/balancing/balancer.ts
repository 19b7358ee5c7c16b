import type { IncomingMessage, ServerResponse } from "node:http";
import { randomInt } from "node:crypto";
import { closeServer, listen } from "../../http-server";
import type { Account } from "../account";
import { unprocessable } from "../api/api-error";
import type { KeyPair } from "./certificate-authority";
import { verifiedPair } from "../certificates";
import { watchHealth } from "./health-check";
import { contains } from "../ipv4";
import { createListener, type Listener } from "./listener";
import { answerUnavailable, forward } from "./proxy";
import { backends, isReachable } from "./reachability";
import { machineName } from "../droplets";
import type { Droplet, ForwardingRule, LoadBalancer, LoadBalancerSettings } from "../state";

/** What listens for a load balancer's clients and passes their requests on. */
export interface Balancer {
  /** The loopback address that it alone listens on, where the platform has more than one. */
  readonly ip: string;
  /**
   * Listens on the entry ports of these settings and on no others. A listener that stays gets the certificate that
   * its rule now names, and goes on serving. @throws ApiError 422 when a port can't be had
   */
  update(settings: LoadBalancerSettings): Promise<void>;
  close(): Promise<void>;
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

  const serve = (entryPort: number, request: IncomingMessage, response: ServerResponse): void => {
    const loadBalancer = self();
    const rule = loadBalancer?.settings.forwarding_rules.find(({ entry_port: port }) => port === entryPort);
    if (loadBalancer === undefined || rule === undefined) {
      answerUnavailable(response);
      return;
    }
    const { redirect_http_to_https: redirect, http_idle_timeout_seconds: idle } = loadBalancer.settings;
    if (redirect && entryPort === redirectedPort) {
      const host = (request.headers.host ?? loadBalancer.ip).replace(/:\d+$/, "");
      response.writeHead(307, { location: `https://${host}${request.url ?? "/"}` }).end();
      return;
    }
    const backend = nextBackend(loadBalancer, rule.target_port);
    if (backend === undefined) {
      answerUnavailable(response);
      return;
    }
    forward({
      request,
      response,
      entryPort,
      protocol: rule.entry_protocol,
      idleMilliseconds: idle * 1000,
      connect: () => account.machines.connect(machineName(backend), rule.target_port),
    });
  };

  const listenerFor = ({ entry_port: port, entry_protocol: protocol, ...rule }: ForwardingRule): Listener => {
    const listener = createListener(protocol, pairOf(rule), {
      isAdmitted: (client) => isAdmitted(self(), client),
      handle: (request, response) => {
        listener.server.keepAliveTimeout = (self()?.settings.http_idle_timeout_seconds ?? 60) * 1000;
        serve(port, request, response);
      },
    });
    return listener;
  };
  const pairOf = ({ certificate_id: certificate }: Partial<ForwardingRule>): KeyPair | undefined =>
    certificate === undefined || certificate === "" ? undefined : verifiedPair(world, certificate);

  const listeners = new Map<number, Listener>();
  const open = async (ip: string, rules: readonly ForwardingRule[]): Promise<void> => {
    const opened = new Map<number, Listener>();
    try {
      for (const rule of rules.filter(({ entry_port: port }) => !listeners.has(port))) {
        const listener = listenerFor(rule);
        await listen(listener.server, { host: ip, port: rule.entry_port });
        opened.set(rule.entry_port, listener);
      }
    } catch (error) {
      await Promise.all([...opened.values()].map(({ server }) => closeServer(server)));
      throw error;
    }
    opened.forEach((listener, port) => listeners.set(port, listener));
  };
  const closeWhere = async (isGone: (port: number, listener: Listener) => boolean): Promise<void> => {
    const gone = [...listeners].filter(([port, listener]) => isGone(port, listener));
    gone.forEach(([port]) => listeners.delete(port));
    await Promise.all(gone.map(([, { server }]) => closeServer(server)));
  };

  const ip = await onFreeAddress((candidate) => open(candidate, settings.forwarding_rules));
  return {
    ip,
    update: async ({ forwarding_rules: rules }) => {
      const ruleOf = (port: number) => rules.find(({ entry_port: entry }) => entry === port);
      // A port whose protocol changes has to be free before it is listened on anew.
      await closeWhere((port, { protocol }) => (ruleOf(port)?.entry_protocol ?? protocol) !== protocol);
      await open(ip, rules).catch(refuse);
      for (const rule of rules) {
        listeners.get(rule.entry_port)?.present(pairOf(rule));
      }
      await closeWhere((port) => ruleOf(port) === undefined);
    },
    close: async () => {
      health.stop();
      await closeWhere(() => true);
    },
  };
}

/** Source: DigitalOcean API, `redirect_http_to_https`: from port 80 to port 443, whatever else is listened on. */
const redirectedPort = 80;

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
