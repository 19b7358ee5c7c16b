import { existsSync } from "node:fs";
import { test } from "@jest/globals";

/** This computer's browser, as Debian installs it. */
export const chromiumPath = "/usr/bin/chromium";

/** A test that needs it. */
export const testOfChromium = existsSync(chromiumPath) ? test : test.skip;
