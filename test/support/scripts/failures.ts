import type { Fault } from "../../../local-cloud/faults";
import type { World } from "../../../local-cloud/world";

/** Lets the calls of an operation fail with this error. */
export function failCalls(
  { faults }: World,
  [service, operation]: readonly [service: Fault["match"]["service"], operation: string],
  error: {
    readonly code: string;
    /** @default no */
    readonly message?: string;
    /** @default 400 */
    readonly status?: number;
    /** Text that the input of calls that fail contains. */
    readonly contains?: string;
    /** How many fail. @default all */
    readonly times?: number;
  },
): void {
  const { code, message = "no", status = 400, contains, times = Infinity } = error;
  faults.push({
    // The operations of AWS's query protocol stand in the body, which moto alone reads.
    match: { service, operation: service === "sts" ? undefined : operation, contains },
    times,
    effect: { kind: "error", status, code, message },
  });
}

/** The answer to a call that its caller may not make. */
export const denied = { code: "AccessDeniedException", message: "not allowed" };

/** Credentials of another account than the deployment's. */
export const anotherAccount = { AWS_ACCESS_KEY_ID: "999999999999", AWS_SECRET_ACCESS_KEY: "test" };
