import { existsSync } from "node:fs";
import { test } from "@jest/globals";

/** A test that needs this computer's HAProxy. */
export const testOfHaproxy = existsSync("/usr/sbin/haproxy") ? test : test.skip;
