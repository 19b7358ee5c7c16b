import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { request } from "node:http";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { connect as connectSecurely, type TLSSocket } from "node:tls";
import { until } from "./fake-machines";
import { settings, startLoadBalancerStage, type LoadBalancerStage } from "./load-balancer-stage";

let stage: LoadBalancerStage;

beforeEach(async () => {
  stage = await startLoadBalancerStage("namespaces");
});

afterEach(() => stage.close());

const internal = { network: "INTERNAL" };

/** Takes connections of a droplet to a private address of its network; undefined when nothing listens there. */
const listenerAt = (dropletId: number, address: string) =>
  stage.machines.network?.open(`droplet-${dropletId}`, address);

/** A connection to {@link listenerAt}. */
async function open(dropletId: number, address: string): Promise<Socket | undefined> {
  const accept = listenerAt(dropletId, address);
  if (accept === undefined) {
    return undefined;
  }
  const server = createServer((socket) => {
    accept(socket);
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return connect((server.address() as AddressInfo).port, "127.0.0.1");
}

/** Status and body of what a connection answers to a request, or why there is none. */
function get(connection: Socket | TLSSocket | undefined): Promise<string> {
  return new Promise((resolve) => {
    request({ path: "/", host: "api", createConnection: () => connection }, (response) => {
      response.on("data", (chunk: Buffer) => {
        resolve(`${response.statusCode} ${chunk.toString()}`);
      });
    })
      .on("error", ({ message }) => {
        resolve(message);
      })
      .end();
  });
}

test("an internal load balancer has a private address of its VPC, and serves only that VPC's droplets", async () => {
  stage.serve = ({ headers }, response) => response.end(String(headers["x-forwarded-for"]));
  const inside = await stage.createDroplet();
  const vpc = await stage.api("POST", "/v2/vpcs", { name: "other", region: "ams3", ip_range: "10.9.0.0/24" });
  const outside = await stage.createDroplet({ vpc_uuid: vpc });
  const { ip, url } = await stage.createLoadBalancer(internal);
  await stage.healthy(2);
  const own = stage.world.digitalocean.droplets.get(inside);
  expect(ip).toMatch(/^10\.100\.0\.\d+$/);
  expect(ip).not.toBe(own?.privateIp);
  expect(stage.machines.specs.get(`droplet-${inside}`)?.privateIp).toBe(`${own?.privateIp}/20`);
  expect(stage.machines.network?.addresses(`droplet-${inside}`)).toEqual([`${ip}:8081`]);
  expect(stage.machines.network?.addresses(`droplet-${outside}`)).toEqual([]);
  expect(await get(await open(inside, `${ip}:8081`))).toBe(`200 ${own?.privateIp}`);
  expect(await open(inside, `${ip}:8000`)).toBeUndefined();
  expect(await open(outside, `${ip}:8081`)).toBeUndefined();
  // Where something else has that address or answers for all, it isn't a droplet.
  const answered = await fetch(url, { signal: AbortSignal.timeout(1000) }).catch(() => undefined);
  expect(answered?.headers.get("x-machine") ?? null).toBeNull();

  const later = await stage.createDroplet();
  expect(stage.world.digitalocean.droplets.get(later)?.privateIp).not.toBe(ip);
  await expect(stage.api("DELETE", `/v2/vpcs/${vpc}`)).rejects.toThrow("VPC with members");
});

test("a load balancer's network can't be changed, and an update that leaves it out keeps it", async () => {
  const { id, ip } = await stage.createLoadBalancer(internal);
  const put = (more: object): Promise<string> =>
    stage.api("PUT", `/v2/load_balancers/${id}`, { ...settings, ...more });
  await expect(put({ network: "EXTERNAL" })).rejects.toThrow("The network of a load balancer");
  await put({ name: "renamed" });
  expect(await stage.get(`/v2/load_balancers/${id}`)).toMatchObject({
    load_balancer: { name: "renamed", network: "INTERNAL", network_stack: "IPV4", ip },
  });
});

test("an internal load balancer checks health, and obeys droplets' firewalls and its own rules", async () => {
  const droplet = await stage.createDroplet();
  const { privateIp = "" } = stage.world.digitalocean.droplets.get(droplet) ?? {};
  const { id, ip } = await stage.createLoadBalancer(internal);
  const ask = async (): Promise<string> => (await get(await open(droplet, `${ip}:8081`))).slice(0, 4);
  const rule = { protocol: "tcp", ports: "8000", sources: { addresses: ["198.51.100.0/24"] } };
  const outbound_rules = [{ protocol: "tcp", ports: "8081", destinations: { load_balancer_uids: [id] } }];
  const guard = { name: "fw", tags: ["web"], outbound_rules };
  const firewall = await stage.api("POST", "/v2/firewalls", { ...guard, inbound_rules: [rule] });
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await ask()).toBe("503 ");
  await stage.api("PUT", `/v2/firewalls/${firewall}`, {
    ...guard,
    inbound_rules: [{ ...rule, sources: { load_balancer_uids: [id] } }],
  });
  await stage.healthy(1);
  expect(await ask()).toBe("200 ");

  await stage.api("PUT", `/v2/load_balancers/${id}`, {
    ...settings,
    firewall: { allow: [], deny: [`ip:${privateIp}`] },
  });
  expect(await ask()).toMatch(/^(sock|read)/);
  await stage.api("PUT", `/v2/load_balancers/${id}`, {
    ...settings,
    firewall: { allow: [`ip:${privateIp}`], deny: [] },
  });
  expect(await ask()).toBe("200 ");
});

test("a droplet reaches an internal load balancer only where its firewalls let it out", async () => {
  const droplet = await stage.createDroplet();
  const { id, ip } = await stage.createLoadBalancer(internal);
  const isOpen = (): boolean => listenerAt(droplet, `${ip}:8081`) !== undefined;
  expect(isOpen()).toBe(true);
  const anywhere = { addresses: ["0.0.0.0/0"] };
  const inbound_rules = [{ protocol: "tcp", ports: "8000", sources: anywhere }];
  const guard = { name: "fw", tags: ["web"], inbound_rules };
  const firewall = await stage.api("POST", "/v2/firewalls", guard);
  const outbound = async (...rules: readonly object[]): Promise<boolean> => {
    await stage.api("PUT", `/v2/firewalls/${firewall}`, { ...guard, outbound_rules: rules });
    return isOpen();
  };
  const web = { protocol: "tcp", ports: "443", destinations: anywhere };
  expect(await outbound()).toBe(false);
  expect(await outbound(web)).toBe(false);
  expect(await outbound({ ...web, protocol: "udp", ports: "8081" })).toBe(false);
  expect(await outbound({ ...web, ports: "8000-8100", destinations: { addresses: ["10.9.0.0/24"] } })).toBe(
    false,
  );
  expect(await outbound({ ...web, ports: "8000-8100" })).toBe(true);
  expect(await outbound(web, { ...web, ports: "8081", destinations: { load_balancer_uids: [id] } })).toBe(
    true,
  );
  // Allowed is what any firewall allows.
  await outbound(web);
  await stage.api("POST", "/v2/firewalls", {
    ...{ name: "more", tags: ["web"] },
    outbound_rules: [{ ...web, ports: "8081" }],
  });
  expect(isOpen()).toBe(true);
});

test("a connection is kept between requests, and a deleted load balancer ends it and frees its address", async () => {
  const droplet = await stage.createDroplet();
  const { id, ip } = await stage.createLoadBalancer(internal);
  await stage.healthy(1);
  const connection = await open(droplet, `${ip}:8081`);
  const ended = new Promise((resolve) => connection?.once("close", resolve));
  let text = "";
  connection?.on("data", (chunk: Buffer) => (text += chunk.toString())).on("error", () => undefined);
  for (const count of [1, 2]) {
    connection?.write("GET / HTTP/1.1\r\nhost: api\r\n\r\n");
    await until(() => text.split("200 OK").length === count + 1);
  }
  await stage.api("DELETE", `/v2/load_balancers/${id}`);
  await ended;
  expect(stage.machines.network?.addresses(`droplet-${droplet}`)).toEqual([]);
  expect((await stage.createLoadBalancer(internal)).ip).toBe(ip);
});

test("an internal load balancer ends TLS with its certificate", async () => {
  stage.serve = ({ headers }, response) =>
    response.end(`${String(headers["x-forwarded-for"])} ${String(headers["x-forwarded-proto"])}`);
  const droplet = await stage.createDroplet();
  const request = { name: "c", type: "lets_encrypt", dns_names: ["api.example.com"] };
  const certificate = await stage.api("POST", "/v2/certificates", request);
  await until(() => stage.world.digitalocean.certificates.get(certificate)?.state === "verified");
  const [rule] = settings.forwarding_rules;
  const { ip } = await stage.createLoadBalancer({
    ...internal,
    forwarding_rules: [{ ...rule, entry_protocol: "https", certificate_id: certificate }],
  });
  await stage.healthy(1);
  const { privateIp } = stage.world.digitalocean.droplets.get(droplet) ?? {};
  const socket = await open(droplet, `${ip}:8081`);
  expect(socket).toBeDefined();
  const secure = connectSecurely({ socket, ca: stage.cloud.authority.root, servername: "api.example.com" });
  expect(await get(secure)).toBe(`200 ${privateIp} https`);
});

test("several load balancers can serve the same droplets, each with its own health, rules and address", async () => {
  const droplet = await stage.createDroplet();
  const open8081 = await stage.createLoadBalancer();
  const first = await stage.createLoadBalancer({ ...internal, name: "first" });
  const second = await stage.createLoadBalancer({ ...internal, name: "second" });
  await stage.healthy(3);
  expect(new Set([open8081.ip, first.ip, second.ip]).size).toBe(3);
  expect((await fetch(open8081.url)).status).toBe(200);
  expect(stage.machines.network?.addresses(`droplet-${droplet}`)).toEqual([
    `${first.ip}:8081`,
    `${second.ip}:8081`,
  ]);
  for (const { ip } of [first, second]) {
    expect(await get(await open(droplet, `${ip}:8081`))).toBe("200 ok");
  }
  await stage.createDroplet();
  const booted = stage.world.journal.filter(({ name }) => name.startsWith("booted"));
  expect(booted.at(-1)?.detail).toMatchObject({ load_balancers: ["lb", "first", "second"] });
});
