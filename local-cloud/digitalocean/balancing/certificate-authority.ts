import { generate } from "selfsigned";

/** A certificate and its key, in PEM. */
export interface KeyPair {
  /** The certificate, followed by those that lead to its root, if any. */
  readonly cert: string;
  readonly key: string;
}

/** Stands in for Let's Encrypt: clients that trust its root trust what it issues. */
export interface CertificateAuthority {
  /** Its own certificate, in PEM. */
  readonly root: string;
  /** A certificate for these domains, the first of which is its subject, with its own key. Valid for 90 days. */
  issue(domains: readonly string[]): Promise<KeyPair>;
}

const keys = { keyType: "ec", algorithm: "sha256" } as const;
const day = 24 * 60 * 60 * 1000;
/** Source: Let's Encrypt, "Certificate lifetimes". */
const lifetime = 90 * day;
/** The other type of a subject's alternative name that matters is an address. Source: RFC 5280, GeneralName. */
const dnsName = 2;

/** Creates an authority that nobody knows yet. */
export async function createCertificateAuthority(): Promise<CertificateAuthority> {
  const root = await generate([{ name: "commonName", value: "Local cloud" }], {
    ...keys,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, critical: true },
    ],
  });
  return {
    root: root.cert,
    issue: async (domains) => {
      const [subject = ""] = domains;
      const { cert, private: key } = await generate([{ name: "commonName", value: subject }], {
        ...keys,
        notAfterDate: new Date(Date.now() + lifetime),
        ca: { key: root.private, cert: root.cert },
        extensions: [
          { name: "basicConstraints", cA: false },
          { name: "keyUsage", digitalSignature: true },
          { name: "extKeyUsage", serverAuth: true },
          { name: "subjectAltName", altNames: domains.map((value) => ({ type: dnsName, value })) },
        ],
      });
      return { cert, key };
    },
  };
}
