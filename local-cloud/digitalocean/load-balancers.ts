import { randomUUID } from "node:crypto";
import type { JsonObject, World } from "../world";
import type { Account } from "./account";
import { forbidden, notModelled, unprocessable } from "./api/api-error";
import { startBalancer } from "./balancing/start-balancer";
import { checkedRegion, showRegion } from "./catalog";
import { release, verifiedPair } from "./certificates";
import { isAddressOrRange } from "./ipv4";
import { backends } from "./balancing/reachability";
import type { Resource } from "./api/resource";
import type { ForwardingRule, HealthCheck, LoadBalancer, LoadBalancerSettings } from "./state";
import { existingTags } from "./tags";
import { vpcFor } from "./vpcs";

/** Regional HTTP and HTTPS load balancers, external and internal, in front of the droplets of a tag. Each really listens and proxies. */
export function loadBalancers(account: Account): Resource<LoadBalancer> {
  const { world, balancers, processingMilliseconds } = account;
  const all = world.digitalocean.loadBalancers;
  return {
    path: "/v2/load_balancers",
    key: "lb_id",
    names: ["load_balancer", "load_balancers"],
    list: () => [...all.values()],
    find: (id) => all.get(id),
    show: (loadBalancer) => showLoadBalancer(world, loadBalancer),
    create: async (body) => {
      const settings = checkedSettings(world, body);
      const id = randomUUID();
      const balancer = await startBalancer(account, id, settings);
      const loadBalancer: LoadBalancer = {
        id,
        settings,
        ip: balancer.ip,
        status: "new",
        busyUntil: Date.now() + processingMilliseconds,
        createdAt: Date.now(),
      };
      all.set(id, loadBalancer);
      setTimeout(() => {
        loadBalancer.status = "active";
      }, processingMilliseconds).unref();
      balancers.set(id, balancer);
      return loadBalancer;
    },
    update: async (loadBalancer, body) => {
      refuseWhileBusy(loadBalancer);
      const { network } = loadBalancer.settings;
      const settings = checkedSettings(world, { network, ...body });
      const changed = (["region", "network"] as const).find(
        (member) => settings[member] !== loadBalancer.settings[member],
      );
      if (changed !== undefined) {
        throw unprocessable(`The ${changed} of a load balancer can't be changed.`);
      }
      await balancers.get(loadBalancer.id)?.update(settings);
      release(world, loadBalancer.settings.forwarding_rules);
      loadBalancer.settings = settings;
      loadBalancer.busyUntil = Date.now() + processingMilliseconds;
    },
    remove: async (loadBalancer) => {
      refuseWhileBusy(loadBalancer);
      all.delete(loadBalancer.id);
      release(world, loadBalancer.settings.forwarding_rules);
      await balancers.get(loadBalancer.id)?.close();
      balancers.delete(loadBalancer.id);
    },
  };
}

type Request = Partial<Omit<LoadBalancerSettings, "health_check" | "firewall">> & {
  readonly health_check?: Partial<HealthCheck>;
  readonly firewall?: Partial<LoadBalancerSettings["firewall"]>;
  readonly sticky_sessions?: { readonly type?: string };
  readonly enable_proxy_protocol?: boolean;
  readonly enable_backend_keepalive?: boolean;
  readonly network_stack?: string;
  readonly type?: string;
  readonly size?: string;
  readonly domains?: readonly unknown[];
};

function refuseWhileBusy({ busyUntil }: LoadBalancer): void {
  if (Date.now() < busyUntil) {
    throw forbidden("Load Balancer can't be updated while it processes previous actions");
  }
}

/** Source of the defaults: DigitalOcean API, "Create a New Load Balancer". */
function checkedSettings(world: World, request: Request): LoadBalancerSettings {
  refuseUnmodelled(request);
  const { region = "", tag, forwarding_rules: rules = [], health_check: check = {}, firewall = {} } = request;
  checkedRegion(region, "Load Balancer creation");
  if (tag === undefined) {
    throw notModelled("A load balancer in front of droplet_ids instead of a tag");
  }
  existingTags(world, [tag]);
  const entryPorts = rules.map(({ entry_port: port }) => port);
  if (new Set(entryPorts).size !== entryPorts.length) {
    throw unprocessable("forwarding_rules: each entry port can have one rule only");
  }
  rules.forEach((rule) => checkCertificate(world, rule));
  const { allow = [], deny = [] } = firewall;
  const wrong = [...allow, ...deny].find((entry) => {
    const [, range = ""] = /^(?:ip|cidr):(.*)$/.exec(entry) ?? [];
    return !isAddressOrRange(range);
  });
  if (wrong !== undefined) {
    throw unprocessable(`firewall: ${wrong} is not of the form ip:1.2.3.4 or cidr:1.2.0.0/16`);
  }
  return {
    name: request.name ?? "",
    region,
    tag,
    vpc_uuid: vpcFor(world, region, request.vpc_uuid).id,
    network: request.network ?? "EXTERNAL",
    forwarding_rules: rules,
    health_check: checkedHealthCheck(check),
    firewall: { allow, deny },
    redirect_http_to_https: request.redirect_http_to_https ?? false,
    http_idle_timeout_seconds: request.http_idle_timeout_seconds ?? 60,
    size_unit: request.size_unit ?? 1,
    project_id: request.project_id ?? "",
    disable_lets_encrypt_dns_records: request.disable_lets_encrypt_dns_records ?? false,
    tls_cipher_policy: request.tls_cipher_policy ?? "DEFAULT",
  };
}

function checkCertificate(world: World, rule: ForwardingRule): void {
  const { entry_protocol: protocol, entry_port: port, certificate_id: certificate = "" } = rule;
  if ((protocol === "https") !== (certificate !== "")) {
    throw unprocessable(
      `forwarding_rules: port ${port} needs a certificate_id when it is entered by https, and none otherwise`,
    );
  }
  if (certificate !== "") {
    verifiedPair(world, certificate);
  }
}

function checkedHealthCheck(check: Partial<HealthCheck>): HealthCheck {
  const complete = {
    protocol: check.protocol ?? "http",
    port: check.port ?? 80,
    path: check.protocol === "tcp" ? "" : (check.path ?? "/"),
    check_interval_seconds: check.check_interval_seconds ?? 10,
    response_timeout_seconds: check.response_timeout_seconds ?? 5,
    unhealthy_threshold: check.unhealthy_threshold ?? 5,
    healthy_threshold: check.healthy_threshold ?? 3,
  };
  if (complete.protocol === "https") {
    throw notModelled("A health check by https");
  }
  const between = (name: keyof HealthCheck, lowest: number, highest: number): void => {
    const value = Number(complete[name]);
    if (value < lowest || value > highest) {
      throw unprocessable(`health_check.${name} must be between ${lowest} and ${highest} (got ${value})`);
    }
  };
  // Source: DigitalOcean, "Best Practices for Load Balancer Health Checks", and the provider's own limits.
  between("check_interval_seconds", 3, 300);
  between("response_timeout_seconds", 3, 300);
  between("unhealthy_threshold", 2, 10);
  between("healthy_threshold", 2, 10);
  return complete;
}

function refuseUnmodelled(request: Request): void {
  const { forwarding_rules: rules = [], sticky_sessions: sticky, type = "REGIONAL" } = request;
  const cases: readonly (readonly [boolean, string])[] = [
    [sticky?.type === "cookies", "sticky sessions"],
    [request.enable_proxy_protocol === true, "the PROXY protocol"],
    [request.enable_backend_keepalive === true, "enable_backend_keepalive"],
    [(request.network_stack ?? "IPV4") !== "IPV4", "an IPv6 address"],
    [type !== "REGIONAL" || (request.domains ?? []).length > 0, "any type but REGIONAL"],
  ];
  const found = cases.find(([isAsked]) => isAsked);
  if (found !== undefined) {
    throw notModelled(`A load balancer with ${found[1]}`);
  }
  for (const { entry_protocol: entry, target_protocol: target, tls_passthrough: passthrough } of rules) {
    if (!["http", "https"].includes(entry) || target !== "http") {
      throw notModelled(`A forwarding rule from ${entry} to ${target}`);
    }
    if (passthrough === true) {
      throw notModelled("A forwarding rule that passes TLS through");
    }
  }
}

function showLoadBalancer(world: World, loadBalancer: LoadBalancer): JsonObject {
  const { id, ip, status, createdAt, settings } = loadBalancer;
  const { forwarding_rules: rules, region, ...rest } = settings;
  return {
    ...rest,
    id,
    ip: status === "new" ? "" : ip,
    status,
    created_at: new Date(createdAt).toISOString(),
    region: showRegion(region),
    algorithm: "round_robin",
    size: "lb-small",
    type: "REGIONAL",
    network_stack: "IPV4",
    enable_proxy_protocol: false,
    enable_backend_keepalive: false,
    sticky_sessions: { type: "none" },
    forwarding_rules: rules.map((rule) => ({ certificate_id: "", tls_passthrough: false, ...rule })),
    droplet_ids: backends(world, loadBalancer).map((droplet) => droplet.id),
  };
}
