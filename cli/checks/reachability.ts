import { checkSeconds, type Undertaking } from "./check";

/** Something that a check asks. */
export interface Service {
  readonly name: string;
  /** What it is asked for, in the words of a notice that this was not checked. */
  readonly subject: string;
  /** What a user may have set wrong, besides the network. */
  readonly setting: string;
}

/**
 * A line about what can't be reached. Where Terraform has ways that these checks lack, a proxy or the system's
 * certificates, it is a notice instead: Terraform finds out by itself then.
 */
export function unreachable(
  service: Service,
  error: unknown,
  { variables, notice }: Pick<Undertaking, "variables" | "notice">,
): string[] {
  const { name, subject, setting } = service;
  const reason = lastCauseOf(error);
  const obstacle = isProxied(variables)
    ? `there is a proxy, and no direct way to ${name}`
    : isDistrusted(error)
      ? `Node.js doesn't trust the certificate of ${name}; NODE_EXTRA_CA_CERTS may name its authority`
      : undefined;
  if (obstacle !== undefined) {
    notice(`${subject} not checked: ${obstacle} (${reason}).`);
    return [];
  }
  return [`${name} can't be reached (${reason}): check the network, and ${setting}`];
}

/** Neither the AWS SDK nor Node's own client knows proxies. */
function isProxied(variables: NodeJS.ProcessEnv): boolean {
  return (variables["HTTPS_PROXY"] ?? variables["https_proxy"] ?? "") !== "";
}

/** Source: OpenSSL, "X509_STORE_CTX_get_error", the codes of a chain that leads to no trusted authority. */
const distrusted = [
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
];

function isDistrusted(error: unknown): boolean {
  return causesOf(error).some(({ code = "" }) => distrusted.includes(code));
}

function lastCauseOf(error: unknown): string {
  const causes = causesOf(error);
  if (causes.some(({ name }) => name === "TimeoutError" || name === "AbortError")) {
    return `no answer within ${checkSeconds} seconds`;
  }
  return causes.findLast(({ message }) => message)?.message ?? String(error);
}

/** An error and what has led to it, which is where `fetch` has the reason. */
function causesOf(error: unknown): readonly Cause[] {
  if (typeof error !== "object" || error === null) {
    return [];
  }
  const cause = error as Cause;
  return [cause, ...causesOf(cause.errors?.[0] ?? cause.cause)];
}

interface Cause {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly cause?: unknown;
  /** Of a host with several addresses, one each. */
  readonly errors?: readonly unknown[];
}
