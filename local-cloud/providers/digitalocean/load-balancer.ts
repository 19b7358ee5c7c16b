import { requireCertificate, type Certificate } from "./certificate";
import { doing, unlessGone, type DigitalOceanClient } from "./client";
import { PartialError, type ResourceType } from "../resource-type";
import { isList, isObj, type Obj, picked, type Value, text } from "../value";

/** A load balancer as the API shows it, with the members that are read individually. */
type LoadBalancer = Obj & {
  readonly id: string;
  readonly status: string;
  readonly tag: string;
  readonly region: { readonly slug: string };
  readonly forwarding_rules: readonly Obj[];
  readonly health_check: Obj;
  readonly sticky_sessions: Obj;
  readonly firewall: Obj;
};

/** The members with the same name in the API and the state that a configuration can set. */
const shared =
  "name vpc_uuid type algorithm project_id size_unit http_idle_timeout_seconds redirect_http_to_https " +
  "enable_proxy_protocol enable_backend_keepalive disable_lets_encrypt_dns_records";

/** Source: the provider's documentation; its create waits 10 minutes for `active`. */
const createSeconds = 600;

/** `digitalocean_loadbalancer` */
export function loadBalancerType(client: DigitalOceanClient): ResourceType {
  const { call, wait } = client;
  const path = ({ id }: Obj): string => `/v2/load_balancers/${text(id)}`;
  const get = async (state: Obj): Promise<LoadBalancer> =>
    (await call<{ load_balancer: LoadBalancer }>("GET", path(state))).load_balancer;
  const read = async (state: Obj): Promise<Obj> => {
    const balancer = await get(state);
    return { ...show(balancer), forwarding_rule: await namedRules(client, balancer.forwarding_rules) };
  };
  return {
    forceNew: ["region", "vpc_uuid", "type", "network", "network_stack"],
    defaults: {
      algorithm: "round_robin",
      redirect_http_to_https: false,
      enable_proxy_protocol: false,
      enable_backend_keepalive: false,
      disable_lets_encrypt_dns_records: false,
    },
    blockDefaults: {
      forwarding_rule: { tls_passthrough: false },
      healthcheck: {
        check_interval_seconds: 10,
        response_timeout_seconds: 5,
        unhealthy_threshold: 3,
        healthy_threshold: 5,
      },
      sticky_sessions: { type: "none" },
    },
    computedBlocks: ["healthcheck", "sticky_sessions", "firewall", "domains", "glb_settings"],
    check: ({ healthcheck: [check] = [] }: Obj & { healthcheck?: readonly Value[] }) => {
      if (isObj(check) && (check.protocol === "tcp") !== (check.path === null)) {
        throw new Error("health check `path` is required for `http` and `https`, and not allowed for `tcp`");
      }
    },
    create: async (wanted) => {
      const created = call<{ load_balancer: LoadBalancer }>(
        "POST",
        "/v2/load_balancers",
        await request(client, wanted),
      );
      const { id } = (await doing("creating Load Balancer", created)).load_balancer;
      const isActive = async (): Promise<boolean> => (await get({ id })).status === "active";
      try {
        await wait(`Load Balancer (${id}) to become active`, createSeconds, isActive);
        return await read({ id });
      } catch (error) {
        throw new PartialError(error instanceof Error ? error.message : String(error), { id });
      }
    },
    read: (state) => doing("retrieving Loadbalancer", unlessGone(read(state), null)),
    update: async (wanted, prior) => {
      await doing("updating Load Balancer", call("PUT", path(prior), await request(client, wanted)));
      return read(prior);
    },
    remove: async (prior) => {
      await doing("deleting Load Balancer", unlessGone(call("DELETE", path(prior)), undefined));
    },
  };
}

/** The members that are set: the API accepts no null, and an unknown value is left to it. */
function given(values: Obj): Obj {
  return Object.fromEntries(
    Object.entries(values).filter(
      ([, value]) =>
        ["string", "number", "boolean"].includes(typeof value) || (isList(value) && value.length > 0),
    ),
  );
}

/** The API knows a rule's certificate by an id that a renewal changes; the state has its name in both places. */
async function namedRules({ call }: DigitalOceanClient, rules: readonly Obj[]): Promise<Obj[]> {
  const named = async (rule: Obj): Promise<Obj> => {
    const id = text(rule.certificate_id);
    if (id === "") {
      return rule;
    }
    const { certificate } = await call<{ certificate: Certificate }>("GET", `/v2/certificates/${id}`);
    return { ...rule, certificate_id: certificate.name, certificate_name: certificate.name };
  };
  return Promise.all(rules.map(named));
}

/** A rule as the API accepts it: its certificate is found by its name. */
async function identifiedRule(
  client: DigitalOceanClient,
  { certificate_name: name = null, certificate_id: id = null, ...rule }: Obj,
): Promise<Obj> {
  const wanted = text(name ?? id);
  return wanted === "" ? rule : { ...rule, certificate_id: (await requireCertificate(client, wanted)).id };
}

async function request(client: DigitalOceanClient, wanted: Obj): Promise<object> {
  const { forwarding_rule: rules, healthcheck, sticky_sessions: sticky, firewall, droplet_tag: tag } = wanted;
  const blocks = (value: Value | undefined): Obj[] => (isList(value) ? value.filter(isObj).map(given) : []);
  const [check] = blocks(healthcheck);
  const [session] = blocks(sticky);
  const [access] = blocks(firewall);
  return {
    ...given(picked(wanted, `${shared} region network network_stack tls_cipher_policy`)),
    ...(wanted.size_unit === null && given({ size: wanted.size ?? null })),
    ...(tag === null ? given({ droplet_ids: wanted.droplet_ids ?? null }) : { tag }),
    forwarding_rules: await Promise.all(blocks(rules).map((rule) => identifiedRule(client, rule))),
    ...(check && { health_check: check }),
    ...(session && { sticky_sessions: session }),
    ...(access && { firewall: access }),
  };
}

function show(balancer: LoadBalancer): Obj {
  return {
    ...picked(balancer, `${shared} id ip status droplet_ids`),
    urn: `do:loadbalancer:${balancer.id}`,
    region: balancer.region.slug,
    droplet_tag: balancer.tag,
    healthcheck: [balancer.health_check],
    sticky_sessions: [balancer.sticky_sessions],
    firewall: [balancer.firewall],
  };
}
