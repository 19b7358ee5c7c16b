import { randomUUID } from "node:crypto";
import type { Admin } from "./admin";
import type { Fault } from "../faults";

type Remote<Api> = {
  readonly [Name in keyof Api]: Api[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never;
};

/** The admin endpoint from the other side. Every call fails after 30 s, or with the endpoint's own message. */
export interface AdminClient extends Omit<Remote<Admin>, "addFault" | "clearFault"> {
  /** Returns a function that clears only this fault. */
  inject(fault: Fault): Promise<() => Promise<void>>;
}

/** Talks to {@link serveAdmin}. */
export function adminClient(endpoint: string): AdminClient {
  const call = async (method: string, args: readonly unknown[]): Promise<unknown> => {
    const response = await fetch(`${endpoint}/${method}`, {
      method: "POST",
      signal: AbortSignal.timeout(30_000),
      body: JSON.stringify(args),
    });
    const answered: unknown = await response.json();
    if (!response.ok) {
      throw new Error(`${method}: ${(answered as { error: string }).error}`);
    }
    return answered;
  };
  const remote = new Proxy({} as Remote<Admin>, {
    get:
      (_, method) =>
      (...args: unknown[]) =>
        call(String(method), args),
  });
  const inject: AdminClient["inject"] = async (fault) => {
    const id = randomUUID();
    await remote.addFault({ ...fault, id });
    return () => remote.clearFault(id);
  };
  return new Proxy(remote as unknown as AdminClient, {
    get: (_, name) => (name === "inject" ? inject : remote[name as keyof Admin]),
  });
}
