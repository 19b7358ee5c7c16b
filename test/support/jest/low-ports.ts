import { existsSync, readFileSync } from "node:fs";
import { test } from "@jest/globals";

const firstFree = "/proc/sys/net/ipv4/ip_unprivileged_port_start";

/** Whether this process may listen on ports 80 and 443. */
export const mayListen =
  process.getuid?.() === 0 || (existsSync(firstFree) && Number(readFileSync(firstFree, "utf8")) <= 80);

/** A test that needs ports below 1024; left out where only root gets them. */
export const testOfLowPorts = mayListen ? test : test.skip;
