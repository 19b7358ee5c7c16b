import type { IncomingHttpHeaders } from "node:http";

/** The caller and the service that a request claims. The signature itself is not checked. */
export interface CredentialScope {
  readonly accessKeyId: string;
  readonly region: string;
  /** Signing name, such as `ssm` or `monitoring`. */
  readonly service: string;
}

const scope = /Credential=([^/,\s]+)\/\d{8}\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request/;

/** Reads the scope of a signed or presigned request; undefined when it is neither. */
export function credentialScope(headers: IncomingHttpHeaders, url: string): CredentialScope | undefined {
  const presigned = new URL(url, "http://localhost").searchParams.get("X-Amz-Credential");
  const found = scope.exec(presigned === null ? (headers.authorization ?? "") : `Credential=${presigned}`);
  const [, accessKeyId, region, service] = found ?? [];
  return accessKeyId === undefined || region === undefined || service === undefined
    ? undefined
    : { accessKeyId, region, service };
}

/** Account of an access key: one of 12 digits is the account itself, all others belong to the home account. */
export function accountOf(accessKeyId: string, home: string): string {
  return /^\d{12}$/.test(accessKeyId) ? accessKeyId : home;
}
