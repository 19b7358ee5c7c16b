import { expect, test } from "@jest/globals";
import { healText } from "../../../cli/report/heal-text";
import { parseConfig } from "../../../config/load";
import { oneSite } from "../../support/synthesis/environments";

const berlin = { kind: "on-premises", nodes: { "rack-1": {} } };
const config = parseConfig({ ...oneSite, sites: { ...oneSite.sites, berlin } }, "environment.json");

test.each([
  ["ams3/node-1", '"npm run deploy -- --replace ams3/node-1" brings the node back.'],
  [
    "berlin/rack-1",
    '"npm run deploy -- --replace berlin/rack-1" and then "npx anywhere join berlin rack-1" bring the node back.',
  ],
])("the report of heal says how to bring %s back", (node, sentence) => {
  const lost = { node, containerInstance: "1", lostSince: "2026-11-26T10:00:00.000Z", lastOfSite: false };
  const nodes = [{ ...lost, due: true, deregistered: true }];
  expect(healText({ deployment: "shop", dryRun: false, nodes }, 15, config)).toBe(
    `${node}: its agent has been lost since 2026-11-26 10:00:00Z. It was deregistered from ECS, which starts its tasks elsewhere. ` +
      `ECS no longer controls containers that still run there: stop them. ${sentence}`,
  );
});
