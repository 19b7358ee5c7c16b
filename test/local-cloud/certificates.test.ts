import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Agent } from "node:https";
import { createCertificateAuthority } from "../../local-cloud/digitalocean/balancing/certificate-authority";
import type { Certificate } from "../../local-cloud/digitalocean/state";
import { getSecurely } from "../support/observation/https-client";
import { testOfLowPorts } from "../support/jest/low-ports";
import { until } from "./fake-machines";
import { settings, startLoadBalancerStage, type LoadBalancerStage } from "./load-balancer-stage";

let stage: LoadBalancerStage;

beforeEach(async () => {
  stage = await startLoadBalancerStage();
});

afterEach(() => stage.close());

const domain = "www.example.com";

function certificateOf(id: string): Certificate | undefined {
  return stage.world.digitalocean.certificates.get(id);
}

function request(name: string, ...domains: readonly string[]): Promise<string> {
  return stage.api("POST", "/v2/certificates", { name, type: "lets_encrypt", dns_names: domains });
}

async function issued(name: string, ...domains: readonly string[]): Promise<string> {
  const id = await request(name, ...domains);
  await until(() => certificateOf(id)?.state === "verified");
  return id;
}

const rule = { entry_port: 8443, target_protocol: "http", target_port: 8000 };
const https = (certificate: string) => ({ ...rule, entry_protocol: "https", certificate_id: certificate });

/** The certificates that the API lists under a name. */
async function listed(name: string): Promise<Record<string, unknown>[]> {
  const response = await fetch(`${stage.cloud.endpoint}/v2/certificates?name=${name}`, {
    headers: { authorization: "Bearer secret" },
  });
  return ((await response.json()) as { certificates: Record<string, unknown>[] }).certificates;
}

test("a certificate is pending until it is issued, and found by its name", async () => {
  const id = await request("web", domain, "example.com");
  await request("other", "other.example.com");
  expect(await listed("web")).toEqual([
    expect.objectContaining({ id, name: "web", state: "pending", not_after: "", sha1_fingerprint: "" }),
  ]);
  await until(() => certificateOf(id)?.state === "verified");
  const [web] = await listed("web");
  expect(web).toMatchObject({
    type: "lets_encrypt",
    dns_names: [domain, "example.com"],
    sha1_fingerprint: expect.stringMatching(/^[0-9a-f]{40}$/),
  });
  const days = (Date.parse(String(web?.["not_after"])) - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(89);
  expect(await listed("none")).toEqual([]);
});

test.each([
  [
    "a name that is taken",
    { name: "taken", type: "lets_encrypt", dns_names: [domain] },
    "name is not unique",
  ],
  [
    "a domain whose DNS is elsewhere",
    { name: "new", type: "lets_encrypt", dns_names: [domain, "www.example.net"] },
    "not managed by DigitalOcean: www.example.net",
  ],
  ["no domain", { name: "new", type: "lets_encrypt", dns_names: [] }, "dns_names can't be empty"],
  ["a wrong type", { name: "new", type: "custom", dns_names: [domain] }, "of type lets_encrypt"],
  ["neither domains nor a key", { name: "new", type: "lets_encrypt" }, "must have required property"],
  ["a key that is none", { name: "new", private_key: "k", leaf_certificate: "c" }, "is not PEM"],
])("a certificate with %s is refused", async (_label, body, message) => {
  await request("taken", domain);
  await expect(stage.api("POST", "/v2/certificates", body)).rejects.toThrow(message);
  expect(stage.world.digitalocean.certificates.size).toBe(1);
});

test("an uploaded certificate serves at once, only with its own key, which isn't in the journal", async () => {
  const authority = await createCertificateAuthority();
  const { cert, key } = await authority.issue([domain]);
  const other = await authority.issue([domain]);
  const upload = { name: "own", type: "custom", leaf_certificate: cert, certificate_chain: authority.root };
  await expect(stage.api("POST", "/v2/certificates", { ...upload, private_key: other.key })).rejects.toThrow(
    "the private key does not belong to the certificate",
  );
  const id = await stage.api("POST", "/v2/certificates", { ...upload, private_key: key });
  const { ip } = await stage.createLoadBalancer({ forwarding_rules: [https(id)] });
  expect(await getSecurely({ ip, port: 8443, domain, root: authority.root })).toMatchObject({
    status: 503,
    domains: [domain],
  });
  expect(JSON.stringify(stage.world.journal)).not.toContain(key.split("\n")[1]);
});

test("a certificate whose domain can't be verified ends in error, and no listener accepts it", async () => {
  stage.world.faults.push({
    match: { service: "digitalocean", operation: "issue", contains: domain },
    times: 1,
    effect: { kind: "error", status: 403, code: "dns", message: "no such name" },
  });
  const id = await request("web", domain);
  await until(() => certificateOf(id)?.state === "error");
  await expect(stage.createLoadBalancer({ forwarding_rules: [https(id)] })).rejects.toThrow(
    `certificate ${id} is error, not verified`,
  );
  await stage.api("DELETE", `/v2/certificates/${id}`);
  expect(await listed("web")).toEqual([]);
});

test("an https listener needs a certificate that exists, and an http listener takes none", async () => {
  const id = await issued("web", domain);
  const refusal = "needs a certificate_id when it is entered by https, and none otherwise";
  const bare = { ...rule, entry_protocol: "https" };
  for (const wrong of [bare, { ...https(id), entry_protocol: "http" }]) {
    await expect(stage.createLoadBalancer({ forwarding_rules: [wrong] })).rejects.toThrow(refusal);
  }
  await expect(
    stage.createLoadBalancer({ forwarding_rules: [https("892071a0-bb95-49bc-8021-3afd67a210bf")] }),
  ).rejects.toThrow("does not exist");
});

test("TLS ends at the load balancer, which tells the backend in headers", async () => {
  stage.serve = (request, response) => {
    const { "x-forwarded-proto": proto, "x-forwarded-port": port, host } = request.headers;
    response.end(JSON.stringify([proto, port, host]));
  };
  const { ip } = await stage.createLoadBalancer({ forwarding_rules: [https(await issued("web", domain))] });
  await stage.createDroplet();
  await stage.healthy(1);
  const { root } = stage.cloud.authority;
  const { body } = await getSecurely({ ip, port: 8443, domain, root });
  expect(JSON.parse(body)).toEqual(["https", "8443", domain]);
  await expect(getSecurely({ ip, port: 8443, domain: "shop.example.com", root })).rejects.toThrow(
    "does not match certificate's altnames",
  );
  await expect(fetch(`http://${ip}:8443`)).rejects.toThrow();
});

test("new connections get the new certificate, open ones go on, and the replaced one can be deleted", async () => {
  const [first, second] = [await issued("first", domain), await issued("second", domain, "example.com")];
  const { id, ip } = await stage.createLoadBalancer({ forwarding_rules: [https(first)] });
  await stage.createDroplet();
  await stage.healthy(1);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const target = { ip, port: 8443, domain, root: stage.cloud.authority.root };
  const before = await getSecurely({ ...target, agent });
  await expect(stage.api("DELETE", `/v2/certificates/${first}`)).rejects.toThrow(
    "Make sure the certificate is not in use before deleting it",
  );
  await stage.api("PUT", `/v2/load_balancers/${id}`, { ...settings, forwarding_rules: [https(second)] });
  const kept = await getSecurely({ ...target, agent });
  agent.destroy();
  expect([kept.localPort, kept.status]).toEqual([before.localPort, 200]);
  const after = await getSecurely(target);
  expect(after.domains).toEqual([domain, "example.com"]);
  expect(await listed("second")).toMatchObject([{ sha1_fingerprint: after.fingerprint }]);
  await stage.api("DELETE", `/v2/certificates/${first}`);
});

test("a port can change its protocol", async () => {
  const http = { ...rule, entry_protocol: "http" };
  const { id, ip } = await stage.createLoadBalancer({ forwarding_rules: [http] });
  expect((await fetch(`http://${ip}:8443`)).status).toBe(503);
  const certificate = await issued("web", domain);
  await stage.api("PUT", `/v2/load_balancers/${id}`, { ...settings, forwarding_rules: [https(certificate)] });
  const target = { ip, port: 8443, domain, root: stage.cloud.authority.root };
  expect(await getSecurely(target)).toMatchObject({ status: 503 });
  await stage.api("PUT", `/v2/load_balancers/${id}`, { ...settings, forwarding_rules: [http] });
  expect((await fetch(`http://${ip}:8443`)).status).toBe(503);
});

testOfLowPorts("only port 80 is redirected to port 443", async () => {
  const http = { ...rule, entry_protocol: "http" };
  const { ip } = await stage.createLoadBalancer({
    redirect_http_to_https: true,
    forwarding_rules: [{ ...http, entry_port: 80 }, http],
  });
  const answer = await fetch(`http://${ip}/x?y=1`, { redirect: "manual" });
  expect([answer.status, answer.headers.get("location")]).toEqual([307, `https://${ip}/x?y=1`]);
  expect((await fetch(`http://${ip}:8443`)).status).toBe(503);
});
