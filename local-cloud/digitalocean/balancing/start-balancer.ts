import type { IncomingMessage, ServerResponse } from "node:http";
import type { Account } from "../account";
import { verifiedPair } from "../certificates";
import { contains } from "../ipv4";
import { machineName } from "../machine-name";
import type { Droplet, ForwardingRule, LoadBalancer, LoadBalancerSettings } from "../state";
import type { Balancer } from "./balancer";
import type { KeyPair } from "./certificate-authority";
import { createEntryPorts } from "./entry-ports";
import { watchHealth, type Health } from "./health-check";
import { createListener, type Listener } from "./listener";
import { onFreeAddress } from "./loopback-address";
import { answerUnavailable, forward } from "./proxy";
import { backends, isReachable } from "./reachability";

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
  const self = (): LoadBalancer | undefined => account.world.digitalocean.loadBalancers.get(id);
  const health = watchHealth(account, self);
  const serve = server(account, self, health);
  const pairOf = ({ certificate_id: certificate = "" }: ForwardingRule): KeyPair | undefined =>
    certificate === "" ? undefined : verifiedPair(account.world, certificate);
  const listenerOf = (rule: ForwardingRule): Listener => {
    const listener = createListener(rule.entry_protocol, pairOf(rule), {
      isAdmitted: (client) => isAdmitted(self(), client),
      handle: (request, response) => {
        listener.server.keepAliveTimeout = (self()?.settings.http_idle_timeout_seconds ?? 60) * 1000;
        serve(rule.entry_port, request, response);
      },
    });
    return listener;
  };
  const ports = createEntryPorts(listenerOf, pairOf);
  const ip = await onFreeAddress((candidate) => ports.open(candidate, settings.forwarding_rules));
  return {
    ip,
    update: ({ forwarding_rules: rules }) => ports.change(ip, rules),
    close: async () => {
      health.stop();
      await ports.close();
    },
  };
}

type Serve = (entryPort: number, request: IncomingMessage, response: ServerResponse) => void;

/** Source: DigitalOcean API, `redirect_http_to_https`: from port 80 to port 443, whatever else is listened on. */
const redirectedPort = 80;

/** Answers a load balancer's requests, each by the next healthy droplet. */
function server(account: Account, self: () => LoadBalancer | undefined, health: Health): Serve {
  const { world, machines } = account;
  let turn = 0;
  const nextBackend = (loadBalancer: LoadBalancer, port: number): Droplet | undefined => {
    const healthy = backends(world, loadBalancer).filter(
      (droplet) => health.isHealthy(droplet) && isReachable(world, loadBalancer, droplet, port),
    );
    turn += 1;
    return healthy[turn % Math.max(1, healthy.length)];
  };
  return (entryPort, request, response) => {
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
      connect: () => machines.connect(machineName(backend), rule.target_port),
    });
  };
}

/** Source: DigitalOcean API, `lb_firewall`: allow rules admit these clients only, deny rules turn clients away. */
function isAdmitted(loadBalancer: LoadBalancer | undefined, client: string): boolean {
  const ranges = (entries: readonly string[]): string[] => entries.map((entry) => entry.replace(/^\w+:/, ""));
  const { allow, deny } = loadBalancer?.settings.firewall ?? { allow: [], deny: [] };
  return (allow.length === 0 || contains(ranges(allow), client)) && !contains(ranges(deny), client);
}
