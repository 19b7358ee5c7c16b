import type { Account } from "../account";
import { verifiedPair } from "../certificates";
import { contains } from "../ipv4";
import { machineName } from "../machine-name";
import type { Droplet, ForwardingRule, LoadBalancer, LoadBalancerSettings } from "../state";
import { freeAddress } from "../vpcs";
import type { Balancer } from "./balancer";
import type { KeyPair } from "./certificate-authority";
import { createEntryPorts, type EntryPorts } from "./entry-ports";
import { watchHealth, type Health } from "./health-check";
import { createListener, type Listener } from "./listener";
import { onFreeAddress } from "./loopback-address";
import { answerUnavailable, forward, type Forwarding } from "./proxy";
import { backends, isReachable } from "./reachability";

/**
 * Listens for a load balancer at the entry port of each forwarding rule: an internal one at a private address, which
 * only machines reach, if they have namespaces; any other on its own loopback address. Requests go to the healthy
 * droplets of its tag in turn; without any the answer is 503, and no request is tried twice.
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
  const listenerOf = (rule: ForwardingRule): Listener =>
    createListener(rule.entry_protocol, pairOf(rule), {
      isAdmitted: (client) => isAdmitted(self(), client),
      handle: (request, response, client) => serve(rule.entry_port, { request, response, client }),
      idleMilliseconds: () => (self()?.settings.http_idle_timeout_seconds ?? 60) * 1000,
    });
  const ports = createEntryPorts(listenerOf, pairOf);
  const { ip, host } = await open(account, ports, settings);
  return {
    ip,
    update: ({ forwarding_rules: rules }) => ports.change(host, rules),
    accept: (port, connection, client) => ports.accept(port, connection, client),
    healthSamples: health.samples,
    close: async () => {
      health.stop();
      await ports.close();
    },
  };
}

/** Opens the entry ports at the address where clients find them; `host` is where this computer listens. */
async function open(
  { world, machines }: Account,
  ports: EntryPorts,
  { network, vpc_uuid: id, forwarding_rules: rules }: LoadBalancerSettings,
): Promise<{ readonly ip: string; readonly host: string | undefined }> {
  const vpc = world.digitalocean.vpcs.get(id);
  if (network === "INTERNAL" && machines.sandbox === "namespaces" && vpc !== undefined) {
    await ports.open(undefined, rules);
    return { ip: freeAddress(world, vpc), host: undefined };
  }
  const ip = await onFreeAddress((candidate) => ports.open(candidate, rules));
  return { ip, host: ip };
}

type Serve = (entryPort: number, exchange: Exchange) => void;
type Exchange = Pick<Forwarding, "request" | "response" | "client">;

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
  return (entryPort, exchange) => {
    const { request, response } = exchange;
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
      ...exchange,
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
