import { expect, test } from "@jest/globals";
import { parseConfig } from "../../config/load";
import type { Environment } from "../../config/schema";
import { idleWarnings } from "../../config/sites/idle";
import { oneSite, threeSites } from "../support/synthesis/environments";

const ams3 = { kind: "digitalocean", region: "ams3", nodes: 0 } as const;
const berlin = { kind: "on-premises", nodes: {} } as const;
const image = "registry.example/shop/app:v1";
const report = { image, schedule: "rate(1 hour)", site: "ams3" } as const;

const warningsWith = (parts: Partial<Environment>) =>
  idleWarnings({ file: "test.ts", config: parseConfig({ ...oneSite, ...parts }, "test.ts") });

test.each<[string, Partial<Environment>, readonly string[]]>([
  [
    "a service on every node of one site",
    { sites: { ams3 } },
    ["test.ts: services.web runs nowhere, since site ams3 has no nodes: it starts once there is one"],
  ],
  [
    "a service on every node of several sites",
    { sites: { ams3, berlin } },
    [
      "test.ts: services.web runs nowhere, since sites ams3, berlin have no nodes: it starts once there is one",
    ],
  ],
  [
    "a service whose placement names no site",
    { services: { web: { image, placement: {} } } },
    ["test.ts: services.web runs nowhere, since its placement names no site: name one to start it"],
  ],
  [
    "a job at a site without nodes",
    { sites: { ams3, berlin: { ...berlin, nodes: { "rack-1": {} } } }, jobs: { report } },
    [
      "test.ts: jobs.report runs nowhere, since site ams3 has no nodes: each run is skipped until there is one",
    ],
  ],
])("%s is told to run nowhere", (_, parts, warnings) => {
  expect(warningsWith(parts)).toEqual(warnings);
});

test.each<[string, Partial<Environment>]>([
  [
    "there is a node at one of its sites",
    { sites: { ams3, berlin: { ...berlin, nodes: { "rack-1": {} } } } },
  ],
  ["it is scaled to zero", { services: { web: { image, placement: { ams3: 0 } } } }],
  ["the job is off", { sites: { ams3 }, services: {}, jobs: { report: { ...report, enabled: false } } }],
  ["all sites have nodes", threeSites],
])("nothing is told to run nowhere if %s", (_, parts) => {
  expect(warningsWith(parts)).toEqual([]);
});
