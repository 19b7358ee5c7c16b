import { readFileSync } from "node:fs";
import type { LocalCloud } from "../../../local-cloud/start";
import { eventually } from "../jest/eventually";

/** A certificate as DigitalOcean lists it. */
export interface ListedCertificate {
  readonly name: string;
  readonly state: string;
  readonly domains: readonly string[];
  readonly fingerprint: string;
}

interface ApiCertificate {
  readonly name: string;
  readonly state: string;
  readonly dns_names: readonly string[];
  readonly sha1_fingerprint: string;
}

/** All certificates of the account, by name. */
export async function listCertificates(cloud: LocalCloud): Promise<ListedCertificate[]> {
  const { certificates } = (await call(cloud, "GET", "?per_page=200")) as { certificates: ApiCertificate[] };
  return certificates
    .map(({ name, state, dns_names: domains, sha1_fingerprint: fingerprint }) => ({
      name,
      state,
      domains,
      fingerprint,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Asks for a certificate, as somebody does by hand, and waits until it is there to be used. */
export async function requestCertificate(cloud: LocalCloud, name: string, domain: string): Promise<void> {
  await call(cloud, "POST", "", { name, type: "lets_encrypt", dns_names: [domain] });
  await eventually(`the certificate ${name}`, async () => {
    const all = await listCertificates(cloud);
    return all.find((certificate) => certificate.name === name && certificate.state === "verified");
  });
}

/** Root of all certificates that a local cloud issues, in PEM. */
export function rootOf({ environment }: LocalCloud): string {
  return readFileSync(environment["LOCAL_CLOUD_CERTIFICATE_AUTHORITY"] ?? "", "utf8");
}

async function call(
  { environment }: LocalCloud,
  method: string,
  rest: string,
  body?: object,
): Promise<object> {
  const response = await fetch(`${environment["DIGITALOCEAN_API_URL"] ?? ""}/v2/certificates${rest}`, {
    method,
    headers: { authorization: "Bearer test" },
    signal: AbortSignal.timeout(30_000),
    ...(body && { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as { message?: string };
  if (!response.ok) {
    throw new Error(answer.message);
  }
  return answer;
}
