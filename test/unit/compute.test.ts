import { expect, test } from "@jest/globals";
import type { Environment } from "../../config/schema";
import { oneSite, threeSites } from "../support/synthesis/environments";
import { readSchemas } from "../../local-cloud/providers/schema";
import { resourceAt, stackOf, synth, type Block } from "../support/synthesis/synth";

const one = stackOf(synth(oneSite), "compute-ams3");
const three = synth(threeSites);
const ams3 = stackOf(three, "compute-ams3");

const withSite = (change: object): Environment => ({
  ...oneSite,
  sites: { ams3: { ...oneSite.sites.ams3, ...change } },
});

test("a droplet is made of its node's values, and of nothing that may change under it", () => {
  const droplet = resourceAt(one, "digitalocean_droplet.node");
  expect(droplet).toEqual({
    "//": expect.anything() as unknown,
    for_each: "${local.nodes}",
    name: "shop--ams3--${each.key}",
    region: "ams3",
    size: "${each.value.size}",
    image: "${each.value.image}",
    tags: ["${digitalocean_tag.nodes.id}"],
    user_data: expect.stringMatching(
      /^\$\{templatefile\("\.\/assets\/user-data\/[0-9A-F]{32}\/user-data\.sh\.tftpl", /,
    ) as unknown,
    depends_on: ["digitalocean_firewall.nodes", "null_resource.guard"],
    timeouts: { create: "10m", update: "10m", delete: "10m" },
    lifecycle: {
      ignore_changes: expect.anything() as unknown,
      replace_triggered_by: ["null_resource.generation[each.key]"],
    },
  });
});

test("only a droplet's name and tags are changed in place, and no argument replaces it", () => {
  const { ignore_changes } = resourceAt(one, "digitalocean_droplet.node")["lifecycle"] as Block;
  const { attributes = {} } =
    readSchemas()["registry.terraform.io/digitalocean/digitalocean"]?.resource_schemas["digitalocean_droplet"]
      ?.block ?? {};
  const inPlace = ["name", "tags"];
  // Of how Terraform works on a droplet, and of what the provider reads where the configuration says nothing.
  const harmless = [
    "graceful_shutdown",
    "id",
    "ipv6_address",
    "private_networking",
    "resize_disk",
    "volume_ids",
  ];
  const arguments_ = Object.keys(attributes).filter(
    (name) => attributes[name]?.optional ?? attributes[name]?.required,
  );
  expect([...(ignore_changes as string[]), ...inPlace, ...harmless].sort()).toEqual(arguments_.sort());
});

test("user-data hands the bootstrap exactly its settings", () => {
  const userData = String(resourceAt(one, "digitalocean_droplet.node")["user_data"]);
  const settings = [...userData.matchAll(/"([A-Z_]+)" = /g)].map(([, name]) => name).sort();
  expect(settings).toEqual([
    "ACTIVATION_CODE",
    "ACTIVATION_ID",
    "ATTRIBUTES",
    "AWS_REGION",
    "CLUSTER",
    "GENERATION",
    "NAME",
    "NODE",
    "ON_FAILURE",
    "SIGNING_KEY",
    "SITE",
  ]);
  expect(userData).toContain('"SIGNING_KEY" = "F34C3DDAE72926B079BEAEC6BCE9D9A42D51784F"');
});

test("a droplet carries the tags of the config, and the settings of its site", () => {
  expect(resourceAt(ams3, "digitalocean_droplet.node")).toMatchObject({
    tags: ["${digitalocean_tag.nodes.id}", "team:platform"],
    ssh_keys: ["3b:16:bf:e4:8b:00:8b:b8:59:8c:a9:d3:f0:19:45:fa"],
    vpc_uuid: "${digitalocean_vpc.nodes.id}",
  });
  expect(resourceAt(ams3, "digitalocean_vpc.nodes")).toMatchObject({
    name: "shop--ams3",
    region: "ams3",
    ip_range: "10.20.0.0/20",
  });
});

test("an activation code is read in one place, as sensitive, and only by user-data", () => {
  const code = "data.terraform_remote_state.activations.outputs.activation_codes[each.value.activation]";
  const userData = String(resourceAt(one, "digitalocean_droplet.node")["user_data"]);
  expect(userData).toContain(`"ACTIVATION_CODE" = sensitive(${code})`);
  expect(JSON.stringify(one).split("activation_codes")).toHaveLength(2);
});

test("tag, load balancer and firewall come before the droplets", () => {
  expect(resourceAt(one, "digitalocean_tag.nodes")).toMatchObject({ name: "shop--ams3" });
  expect(resourceAt(one, "digitalocean_loadbalancer.web")["droplet_tag"]).toBe(
    "${digitalocean_tag.nodes.id}",
  );
  expect(resourceAt(one, "digitalocean_firewall.nodes")).toMatchObject({
    name: "shop--ams3",
    tags: ["${digitalocean_tag.nodes.id}"],
    inbound_rule: [
      {
        protocol: "tcp",
        port_range: "8080",
        source_load_balancer_uids: ["${digitalocean_loadbalancer.web.id}"],
      },
    ],
  });
});

test("a firewall lets nodes out to internal load balancers, with a rule for each port not open otherwise", () => {
  const internal = (port: number, ...ports: readonly number[]) => ({
    image: "registry.example/shop/app:v1",
    memoryMiB: 64,
    cpuUnits: 64,
    http: {
      port,
      loadBalancer: {
        network: "internal" as const,
        listeners: ports.map((listened) => ({ protocol: "http" as const, port: listened })),
      },
    },
  });
  const compute = stackOf(
    synth({ ...oneSite, services: { api: internal(8081, 80, 8000), mail: internal(8082, 8000, 9000) } }),
    "compute-ams3",
  );
  const rules = resourceAt(compute, "digitalocean_firewall.nodes")["outbound_rule"] as readonly object[];
  const [api, mail] = ["api", "mail"].map((name) => `\${digitalocean_loadbalancer.${name}.id}`);
  expect(rules.filter((rule) => !("destination_addresses" in rule))).toEqual([
    { protocol: "tcp", port_range: "8000", destination_load_balancer_uids: [api, mail] },
    { protocol: "tcp", port_range: "9000", destination_load_balancer_uids: [mail] },
  ]);
});

test("a firewall lets out what a node needs, and what the site adds", () => {
  const world = ["0.0.0.0/0", "::/0"];
  const needed = [
    { protocol: "tcp", port_range: "443", destination_addresses: world },
    { protocol: "tcp", port_range: "80", destination_addresses: world },
    { protocol: "tcp", port_range: "53", destination_addresses: world },
    { protocol: "udp", port_range: "53", destination_addresses: world },
    { protocol: "udp", port_range: "123", destination_addresses: world },
  ];
  expect(resourceAt(one, "digitalocean_firewall.nodes")["outbound_rule"]).toEqual(needed);
  expect(resourceAt(ams3, "digitalocean_firewall.nodes")).toMatchObject({
    outbound_rule: [
      ...needed,
      { protocol: "tcp", port_range: "5432", destination_addresses: ["198.51.100.0/24"] },
    ],
    inbound_rule: [
      { protocol: "tcp", port_range: "3000" },
      { protocol: "tcp", port_range: "3001" },
      { protocol: "tcp", port_range: "22", source_addresses: ["203.0.113.0/24"] },
    ],
  });
});

test("a load balancer checks health as the config says", () => {
  const health = { path: "/up", intervalSeconds: 5, unhealthyAfter: 3, healthyAfter: 4 };
  const services = {
    web: { ...oneSite.services.web, http: { port: 8080, handover: "app" as const, health } },
  };
  const stack = stackOf(synth({ ...oneSite, services }), "compute-ams3");
  expect(resourceAt(stack, "digitalocean_loadbalancer.web")["healthcheck"]).toEqual({
    protocol: "http",
    port: 8080,
    path: "/up",
    check_interval_seconds: 5,
    response_timeout_seconds: 3,
    unhealthy_threshold: 3,
    healthy_threshold: 4,
  });
});

test("a managed certificate writes nothing into the domain's DNS", () => {
  for (const stack of [one, ams3]) {
    expect(resourceAt(stack, "digitalocean_loadbalancer.web")["disable_lets_encrypt_dns_records"]).toBe(true);
  }
});

test("listeners become forwarding rules, and URLs with a domain or the address", () => {
  const rule = { target_protocol: "http", target_port: 3000 };
  expect(resourceAt(ams3, "digitalocean_loadbalancer.web")).toMatchObject({
    forwarding_rule: [
      { ...rule, entry_protocol: "http", entry_port: 80 },
      {
        ...rule,
        entry_protocol: "https",
        entry_port: 443,
        certificate_name: "${digitalocean_certificate.web-443.name}",
      },
      { ...rule, entry_protocol: "https", entry_port: 8443, certificate_name: "existing" },
    ],
    redirect_http_to_https: true,
    firewall: { allow: ["cidr:203.0.113.0/24"] },
  });
  expect(ams3.output["urls"]).toMatchObject({
    value: {
      web: [
        "http://${digitalocean_loadbalancer.web.ip}",
        "https://www.example.com",
        "https://${digitalocean_loadbalancer.web.ip}:8443",
      ],
    },
  });
});

test("a URL never has a wildcard", () => {
  const urlsOf = (...domains: string[]) => {
    const listeners = [{ protocol: "https" as const, port: 443, certificate: { domains } }];
    const services = { web: { ...oneSite.services.web, http: { port: 8080, loadBalancer: { listeners } } } };
    return stackOf(synth({ ...oneSite, services }), "compute-ams3").output["urls"];
  };
  expect(urlsOf("*.example.com", "shop.example.com")).toMatchObject({
    value: { web: ["https://shop.example.com"] },
  });
  expect(urlsOf("*.example.com")).toMatchObject({
    value: { web: ["https://${digitalocean_loadbalancer.web.ip}"] },
  });
});

test("other domains get another certificate, created before the old one is deleted, with its own name", () => {
  const listeners = [{ protocol: "https" as const, port: 443, certificate: { domains: ["a.example.com"] } }];
  const services = { web: { ...oneSite.services.web, http: { port: 8080, loadBalancer: { listeners } } } };
  const stack = stackOf(synth({ ...oneSite, services }), "compute-ams3");
  expect(resourceAt(stack, "digitalocean_certificate.web-443")).toMatchObject({
    name: 'shop--ams3--web-443-${formatdate("YYYYMMDDhhmmss", timestamp())}',
    type: "lets_encrypt",
    domains: ["a.example.com"],
    lifecycle: { create_before_destroy: true, ignore_changes: ["name"] },
  });
});

test("a node's attributes hold its identity, and what the user adds", () => {
  const node = ams3.locals["nodes"]?.["web-2"] ?? {};
  expect(JSON.parse(String(node["attributes"]))).toEqual({
    "anywhere.deployment": "shop",
    "anywhere.site": "ams3",
    "anywhere.node": "web-2",
    "anywhere.generation": node["generation"],
    disk: "ssd",
  });
});

test("a site may have no nodes, as the step before its removal", () => {
  const stack = stackOf(synth(withSite({ nodes: 0 })), "compute-ams3");
  expect(stack.locals["nodes"]).toEqual({});
});
