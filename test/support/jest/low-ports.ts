import { test } from "@jest/globals";
import { lowestPort } from "../../../local-cloud/digitalocean/balancing/loopback-address";

/** Whether this process may listen on ports 80 and 443. */
export const mayListen = lowestPort() <= 80;

/** A test that needs ports below 1024; left out where only root gets them. */
export const testOfLowPorts = mayListen ? test : test.skip;
