import { doing, unlessGone, type DigitalOceanClient } from "./client";
import type { ResourceType } from "../resource-type";
import { isList, isObj, type Obj, picked, type Value, text } from "../value";

type Rule = {
  readonly protocol: string;
  readonly ports: string;
  readonly sources?: Obj;
  readonly destinations?: Obj;
};

type Firewall = Obj & { readonly inbound_rules: readonly Rule[]; readonly outbound_rules: readonly Rule[] };

const peerKinds = ["addresses", "droplet_ids", "kubernetes_ids", "load_balancer_uids", "tags"];

/** `digitalocean_firewall` */
export function firewallType({ call }: DigitalOceanClient): ResourceType {
  const path = ({ id }: Obj): string => `/v2/firewalls/${text(id)}`;
  return {
    check: (planned) => {
      const rules = [planned.inbound_rule, planned.outbound_rule].flatMap((set) => (isList(set) ? set : []));
      if (rules.length === 0) {
        throw new Error("At least one rule must be specified");
      }
      if (rules.some((rule) => isObj(rule) && rule.protocol !== "icmp" && rule.port_range === null)) {
        throw new Error("`port_range` of rules is required if protocol is `tcp` or `udp`");
      }
    },
    create: async (wanted) => {
      const created = call<{ firewall: Firewall }>("POST", "/v2/firewalls", request(wanted));
      return show((await doing("creating firewall", created)).firewall);
    },
    read: async (state) => {
      const found = unlessGone(call<{ firewall: Firewall }>("GET", path(state)), null);
      const answer = await doing("retrieving firewall", found);
      return answer === null ? null : show(answer.firewall);
    },
    update: async (wanted, prior) => {
      const updated = call<{ firewall: Firewall }>("PUT", path(prior), request(wanted));
      return show((await doing("updating firewall", updated)).firewall);
    },
    remove: async (prior) => {
      await doing("deleting firewall", unlessGone(call("DELETE", path(prior)), undefined));
    },
  };
}

function request({ name, tags, droplet_ids, inbound_rule: inbound, outbound_rule: outbound }: Obj): object {
  const rules = (set: Value | undefined, prefix: string, peers: string): object[] =>
    (isList(set) ? set : []).filter(isObj).map((rule) => {
      const given = peerKinds.map((kind): [string, Value] => [kind, rule[`${prefix}_${kind}`] ?? null]);
      return {
        protocol: rule.protocol,
        ...(rule.port_range !== null && { ports: rule.port_range }),
        [peers]: Object.fromEntries(given.filter(([, value]) => isList(value) && value.length > 0)),
      };
    });
  return {
    name,
    tags,
    droplet_ids,
    inbound_rules: rules(inbound, "source", "sources"),
    outbound_rules: rules(outbound, "destination", "destinations"),
  };
}

function show(firewall: Firewall): Obj {
  const rules = (list: readonly Rule[], prefix: string, peers: "sources" | "destinations"): Obj[] =>
    list.map((rule) => ({
      protocol: rule.protocol,
      // The API returns 0 for all ports, and for ICMP, which has none.
      port_range: rule.ports !== "0" ? rule.ports : rule.protocol === "icmp" ? null : "all",
      ...Object.fromEntries(peerKinds.map((kind) => [`${prefix}_${kind}`, rule[peers]?.[kind] ?? null])),
    }));
  return {
    ...picked(firewall, "id name status created_at droplet_ids tags"),
    pending_changes: [],
    inbound_rule: rules(firewall.inbound_rules, "source", "sources"),
    outbound_rule: rules(firewall.outbound_rules, "destination", "destinations"),
  };
}
