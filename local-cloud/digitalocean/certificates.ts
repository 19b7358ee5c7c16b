import { createPrivateKey, randomUUID, X509Certificate } from "node:crypto";
import { takeFault } from "../faults";
import type { JsonObject, World } from "../world";
import type { Account } from "./account";
import { forbidden, unprocessable } from "./api/api-error";
import { certificateRefusals } from "./behaviour";
import type { KeyPair } from "./balancing/certificate-authority";
import type { Resource } from "./api/resource";
import type { Certificate, ForwardingRule } from "./state";

/** The domain whose DNS is at this DigitalOcean: it and its subdomains get certificates. */
const managedDomain = "example.com";

/**
 * Certificates for load balancers, uploaded or issued. A certificate is issued a moment after its creation; a fault of
 * the operation `issue` makes that fail, as if the authority couldn't see the domain's DNS.
 */
export function certificates(account: Account): Resource<Certificate> {
  const { world } = account;
  const all = world.digitalocean.certificates;
  return {
    path: "/v2/certificates",
    key: "certificate_id",
    names: ["certificate", "certificates"],
    list: ({ name = "" }) => [...all.values()].filter((one) => name === "" || one.name === name),
    find: (id) => all.get(id),
    show: ({ id, name, type, domains, state, pair, createdAt }) => {
      const leaf = pair && new X509Certificate(pair.cert);
      return {
        id,
        name,
        type,
        dns_names: domains,
        state,
        created_at: new Date(createdAt).toISOString(),
        not_after: leaf === undefined ? "" : new Date(leaf.validTo).toISOString(),
        sha1_fingerprint: leaf?.fingerprint.replaceAll(":", "").toLowerCase() ?? "",
      };
    },
    create: (body) => {
      if ([...all.values()].some(({ name }) => name === body.name)) {
        throw unprocessable("name is not unique");
      }
      const certificate =
        "dns_names" in body
          ? requested(body as IssueRequest & JsonObject)
          : uploaded(body as UploadRequest & JsonObject);
      all.set(certificate.id, certificate);
      if (certificate.state === "pending") {
        setTimeout(() => void issue(account, certificate), account.processingMilliseconds).unref();
      }
      return certificate;
    },
    remove: (certificate) => {
      const { certificateReleaseMilliseconds, certificateRefusal } = world.digitalocean.behaviour;
      if (
        Date.now() < certificate.releasedAt + certificateReleaseMilliseconds ||
        isInUse(world, certificate.id)
      ) {
        throw forbidden(certificateRefusals[certificateRefusal]);
      }
      all.delete(certificate.id);
    },
  };
}

/** The key pair of the certificate with this id. @throws ApiError 422 when it isn't verified */
export function verifiedPair({ digitalocean }: World, id: string): KeyPair {
  const certificate = digitalocean.certificates.get(id);
  if (certificate?.pair === undefined) {
    const problem = certificate === undefined ? "does not exist" : `is ${certificate.state}, not verified`;
    throw unprocessable(`forwarding_rules: certificate ${id} ${problem}`);
  }
  return certificate.pair;
}

interface IssueRequest {
  readonly name: string;
  readonly type?: string;
  readonly dns_names: readonly string[];
}

interface UploadRequest {
  readonly name: string;
  readonly type?: string;
  readonly private_key: string;
  readonly leaf_certificate: string;
  readonly certificate_chain?: string;
}

function requested({ name, type, dns_names: domains }: IssueRequest): Certificate {
  if (type !== "lets_encrypt") {
    throw unprocessable("dns_names belong to a certificate of type lets_encrypt");
  }
  if (domains.length === 0) {
    throw unprocessable("dns_names can't be empty");
  }
  const strange = domains.find((domain) => domain !== managedDomain && !domain.endsWith(`.${managedDomain}`));
  if (strange !== undefined) {
    throw unprocessable(
      `one or more of the domains are not managed by DigitalOcean: ${strange}; its DNS must be at DigitalOcean`,
    );
  }
  return created({ name, type, domains, state: "pending", pair: undefined });
}

function uploaded(request: UploadRequest): Certificate {
  const {
    name,
    type = "custom",
    private_key: key,
    leaf_certificate: leaf,
    certificate_chain: chain,
  } = request;
  if (type !== "custom") {
    throw unprocessable("a key and a certificate belong to a certificate of type custom");
  }
  let certificate: X509Certificate;
  let fits: boolean;
  try {
    certificate = new X509Certificate(leaf);
    fits = certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    throw unprocessable("leaf_certificate or private_key is not PEM");
  }
  if (!fits) {
    throw unprocessable("the private key does not belong to the certificate");
  }
  const names = certificate.subjectAltName ?? "";
  return created({
    name,
    type,
    domains: [...names.matchAll(/DNS:([^,\s]+)/g)].map(([, domain = ""]) => domain),
    state: "verified",
    pair: { key, cert: chain === undefined ? leaf : `${leaf}\n${chain}` },
  });
}

function created(rest: Omit<Certificate, "id" | "createdAt" | "releasedAt">): Certificate {
  return { id: randomUUID(), createdAt: Date.now(), releasedAt: 0, ...rest };
}

async function issue(account: Account, certificate: Certificate): Promise<void> {
  const { world, authority } = account;
  const { name, domains } = certificate;
  const detail = { name, domains };
  const call = { service: "digitalocean", operation: "issue", input: JSON.stringify(detail) } as const;
  try {
    if (takeFault(world, call)?.kind === "error") {
      throw new Error("the authority can't see the domains' DNS");
    }
    certificate.pair = await authority.issue(domains);
    certificate.state = "verified";
  } catch (error) {
    certificate.state = "error";
    account.event("certificate-refused", { ...detail, reason: String(error) });
  }
}

/** Notes that a load balancer has stopped using these certificates. */
export function release({ digitalocean }: World, rules: readonly ForwardingRule[]): void {
  for (const { certificate_id: id = "" } of rules) {
    const certificate = digitalocean.certificates.get(id);
    if (certificate !== undefined) {
      certificate.releasedAt = Date.now();
    }
  }
}

function isInUse({ digitalocean }: World, id: string): boolean {
  return [...digitalocean.loadBalancers.values()].some(({ settings }) =>
    settings.forwarding_rules.some((rule) => rule.certificate_id === id),
  );
}
