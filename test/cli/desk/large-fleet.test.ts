import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { StatusReport } from "../../../cli/report/schemas/status-report";
import { startDeskStage, type DeskStage } from "../../support/stages/desk-stage";

const image = "registry.example/shop/app:v7";
const report = { image, schedule: "rate(5 minutes)", site: "ams3" };
let stage: DeskStage;

beforeAll(async () => {
  stage = await startDeskStage({
    sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: 100 } },
    services: { web: { image, http: { port: 8080 } } },
    jobs: Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`report-${index}`, report])),
  });
  await stage.measured(100);
}, 600_000);

afterAll(() => stage.close());

test("the status of a hundred nodes takes at most fifteen calls and less than three seconds of processor time", async () => {
  const { exitCode, stdout, calls, seconds } = await stage.anywhere(["status", "--json"]);
  expect(exitCode).toBe(0);
  expect((JSON.parse(stdout) as StatusReport).sites[0]?.nodes).toHaveLength(100);
  expect(calls.length).toBeLessThanOrEqual(15);
  expect(calls.length).toBeGreaterThan(8);
  // Of processor time: others may be at work on the computer.
  expect(seconds).toBeGreaterThan(0.1);
  expect(seconds).toBeLessThan(3);
}, 60_000);
