import { randomUUID } from "node:crypto";
import type { Json, JsonObject, World } from "../world";
import type { Account } from "./account";
import { notModelled, unprocessable } from "./api/api-error";
import { isAddressOrRange } from "./ipv4";
import type { Resource } from "./api/resource";
import type { Firewall, Rule } from "./state";
import { existingTags } from "./tags";

/** Cloud firewalls. Rules are returned as they were given. */
export function firewalls({ world }: Account): Resource<Firewall> {
  const all = world.digitalocean.firewalls;
  return {
    path: "/v2/firewalls",
    key: "firewall_id",
    names: ["firewall", "firewalls"],
    list: () => [...all.values()],
    find: (id) => all.get(id),
    show: showFirewall,
    normalise: withPorts,
    create: (body) => {
      const settings = checkedSettings(world, body as FirewallRequest & JsonObject);
      const firewall: Firewall = { id: randomUUID(), createdAt: Date.now(), ...settings };
      all.set(firewall.id, firewall);
      return firewall;
    },
    update: (firewall, body) => {
      Object.assign(firewall, checkedSettings(world, body as FirewallRequest & JsonObject));
    },
    remove: ({ id }) => {
      all.delete(id);
    },
  };
}

interface RuleRequest {
  readonly protocol: Rule["protocol"];
  readonly ports: string;
  readonly sources?: Peers;
  readonly destinations?: Peers;
}

type Peers = Rule["peers"] & { readonly kubernetes_ids?: readonly string[] };

interface FirewallRequest {
  readonly name: string;
  readonly tags?: readonly string[];
  readonly droplet_ids?: readonly number[];
  readonly inbound_rules?: readonly RuleRequest[];
  readonly outbound_rules?: readonly RuleRequest[];
}

/** Source: DigitalOcean, "Cloud Firewalls Limits". */
const limits = { tags: 5, droplets: 10, rules: 50 };

function checkedSettings(world: World, request: FirewallRequest): Omit<Firewall, "id" | "createdAt"> {
  const { name, tags = [], droplet_ids: dropletIds = [], inbound_rules = [], outbound_rules = [] } = request;
  const inbound = inbound_rules.map((rule) => checkedRule(world, rule, rule.sources));
  const outbound = outbound_rules.map((rule) => checkedRule(world, rule, rule.destinations));
  atMost(limits.tags, "tags", tags);
  atMost(limits.droplets, "droplets", dropletIds);
  atMost(limits.rules, "rules", [...inbound, ...outbound]);
  existingTags(world, tags);
  const missing = dropletIds.find((id) => !world.digitalocean.droplets.has(id));
  if (missing !== undefined) {
    throw unprocessable(`droplet ${missing} does not exist`);
  }
  return { name, tags: [...tags], dropletIds: [...dropletIds], inbound, outbound };
}

function atMost(limit: number, what: string, items: readonly unknown[]): void {
  if (items.length > limit) {
    throw unprocessable(`a firewall can have at most ${limit} ${what} (got ${items.length})`);
  }
}

function checkedRule(world: World, { protocol, ports }: RuleRequest, peers: Peers = {}): Rule {
  const [first, last = first] = ports.split("-").map(Number);
  const isRange =
    /^\d{1,5}(-\d{1,5})?$/.test(ports) && Number(first) <= Number(last) && Number(last) <= 65535;
  if (!isRange && ports !== "all") {
    throw unprocessable(`ports: ${ports} is not a port, a range of ports or "all"`);
  }
  const wrong = peers.addresses?.find((given) => !isAddressOrRange(given));
  if (wrong !== undefined) {
    throw unprocessable(`${wrong} is not an IP address or a range in CIDR notation`);
  }
  if ((peers.kubernetes_ids ?? []).length > 0) {
    throw notModelled("A firewall rule with kubernetes_ids");
  }
  const unknown = peers.load_balancer_uids?.find((id) => !world.digitalocean.loadBalancers.has(id));
  if (unknown !== undefined) {
    throw unprocessable(`load balancer ${unknown} does not exist`);
  }
  existingTags(world, peers.tags ?? []);
  return { protocol, ports: ports === "all" ? "0" : ports, peers };
}

/** DigitalOcean accepts ICMP rules without ports, and returns them with port 0. */
function withPorts(body: JsonObject): JsonObject {
  const complete = (rules: Json): Json =>
    Array.isArray(rules)
      ? rules.map((rule: Json) =>
          typeof rule === "object" && rule !== null && "protocol" in rule && rule.protocol === "icmp"
            ? { ...rule, ports: "0" }
            : rule,
        )
      : rules;
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [name, name.endsWith("_rules") ? complete(value) : value]),
  );
}

function showFirewall(firewall: Firewall): JsonObject {
  const show = (rules: readonly Rule[], peers: string): JsonObject[] =>
    rules.map((rule) => ({ protocol: rule.protocol, ports: rule.ports, [peers]: { ...rule.peers } }));
  return {
    id: firewall.id,
    name: firewall.name,
    status: "succeeded",
    created_at: new Date(firewall.createdAt).toISOString(),
    pending_changes: [],
    droplet_ids: firewall.dropletIds,
    tags: firewall.tags,
    inbound_rules: show(firewall.inbound, "sources"),
    outbound_rules: show(firewall.outbound, "destinations"),
  };
}
