import { expect, test } from "@jest/globals";
import { oneOffOf } from "../../../cli/fleet/one-off";
import { parseConfig } from "../../../config/load";
import { oneSite } from "../../support/synthesis/environments";

const image = "registry.example/app:v1";

test.each([undefined, "ams3"])("a service that is placed nowhere has no task to run by hand (%s)", (site) => {
  const config = parseConfig(
    { ...oneSite, services: { idle: { image, placement: {} } } },
    "environment.json",
  );
  expect(() => oneOffOf(config, "idle", site)).toThrow(
    "idle has no site: name one in services.idle.placement, and deploy.",
  );
});
