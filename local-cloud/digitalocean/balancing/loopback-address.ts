import { randomInt } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { unprocessable } from "../api/api-error";

/**
 * Opens on an address of 127.0.0.0/8 that is free, and returns it; on 127.0.0.1 where the platform has only that.
 * @throws ApiError 422 when a port can't be listened on
 */
export async function onFreeAddress(open: (ip: string) => Promise<void>): Promise<string> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const ip = `127.${randomInt(1, 255)}.${randomInt(0, 256)}.${randomInt(1, 255)}`;
    try {
      await open(ip);
      return ip;
    } catch (error) {
      if (codeOf(error) === "EADDRNOTAVAIL") {
        break;
      }
      if (codeOf(error) !== "EADDRINUSE") {
        refusePort(error);
      }
    }
  }
  await open("127.0.0.1").catch(refusePort);
  return "127.0.0.1";
}

/** @throws ApiError 422, always: the entry port can't be listened on */
export function refusePort(error: unknown): never {
  const hint = codeOf(error) === "EACCES" ? "; choose a port above 1023 or run as root" : "";
  throw unprocessable(`forwarding_rules: can't listen on an entry port: ${String(error)}${hint}`);
}

const firstFree = "/proc/sys/net/ipv4/ip_unprivileged_port_start";

/** The lowest port that this process may listen on. */
export function lowestPort(): number {
  if (process.getuid?.() === 0) {
    return 1;
  }
  return existsSync(firstFree) ? Number(readFileSync(firstFree, "utf8")) : 1024;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
