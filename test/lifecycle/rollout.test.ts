import { readFileSync } from "node:fs";
import type { ECSClient } from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { healthTimes } from "../../config/services/health";
import type { Environment } from "../../config/schema";
import type { Ended } from "../../demo/command";
import type { LoadResult } from "../../local-cloud/load/load";
import { createAppVersions, imageOf, type Version } from "../support/programs/app-versions";
import { awsClients } from "../support/observation/clouds";
import { callsOf, names } from "../support/observation/journal";
import { startLifeCycles, type LifeCycle } from "../support/deployments/life-cycle";
import { sample } from "../support/deployments/sample-environment";
import { activeRevisions, handovers, serviceOf, type Handover } from "../support/observation/services";
import {
  bringUp,
  loadableSite,
  provingRequests,
  readPage,
  underLoad,
  type Page,
} from "../support/deployments/site-load";

/** Requests a second. */
const rates = { two: 15, three: 15, one: 10 };
/** Enough to tell a failure from none. */
const low = { pair: 20 };
const defaults = { path: "/healthz", intervalSeconds: 3, unhealthyAfter: 2, healthyAfter: 2 };
/** Takes a node in so late that its task must not count as healthy at once. */
const late = { ...defaults, healthyAfter: 6 };

const counts = { two: 2, three: 3 };

const versions = createAppVersions();
let daemon: LifeCycle;
let replica: LifeCycle;
let mutants: LifeCycle;
let clients: ReturnType<typeof awsClients>;

const siteOf = (nodes: number) => loadableSite(...nodesUpTo(nodes));

function running(version: Version, more: Parameters<typeof sample>[0] = {}): Partial<Environment> {
  return { services: { web: sample({ image: imageOf(version), ...more }) } };
}

/** How a new image came to where every node runs the service. */
let image: RollOut<"one" | "two" | "three">;
/** How a changed environment variable came to where sites have counts. */
let variable: RollOut<"two" | "three">;
let planned: Readonly<Record<string, string>>;
/** Behind a load balancer that takes nodes in late: the sample service, and what is left out of it. */
let control: RollOut<"pair">;
let eager: RollOut<"pair">;
let abrupt: RollOut<"pair">;

beforeAll(async () => {
  [daemon, replica, mutants] = await startLifeCycles(
    {
      name: "rollout",
      sites: { one: siteOf(1), two: siteOf(2), three: siteOf(3) },
      environment: running("good"),
      args: versions.args,
    },
    {
      name: "rollout-replica",
      sites: { two: siteOf(2), three: siteOf(3) },
      environment: { name: "store", ...running("good", { placement: counts }) },
    },
    {
      name: "rollout-mutants",
      sites: { pair: siteOf(2) },
      environment: {
        name: "trial",
        ...running("good", { http: { port: 8080, handover: "app", health: late } }),
      },
    },
  );
  clients = awsClients(daemon.cloud);
  await Promise.all([
    bringUp(daemon, { one: 1, two: 2, three: 3 }),
    bringUp(replica, counts),
    bringUp(mutants, { pair: 2 }),
  ]);
  await Promise.all([rollOutFully(), rollOutLate()]);
}, 1_200_000);

afterAll(async () => {
  versions.remove();
  clients.ecs.destroy();
  clients.ssm.destroy();
  await daemon.stop();
});

/** The observations of a roll-out. */
interface RollOut<Site extends string> {
  readonly ended: Ended;
  readonly mark: number;
  readonly loads: Readonly<Record<Site, LoadResult>>;
  /** Of the revision that was there before. */
  readonly handovers: Readonly<Record<Site, readonly Handover[]>>;
  readonly pages: Readonly<Record<Site, readonly Page[]>>;
}

async function rollOut<Site extends string>(
  life: LifeCycle,
  change: Partial<Environment>,
  load: Readonly<Record<Site, number>>,
): Promise<RollOut<Site>> {
  const ecs: ECSClient = clients.ecs;
  const sites = Object.keys(load) as Site[];
  const before = new Map(
    await Promise.all(
      sites.map(async (site) => [site, (await activeRevisions(ecs, life, site))[0] ?? ""] as const),
    ),
  );
  life.configure({}, change);
  const mark = await life.mark();
  const { loads, result } = await underLoad(life, load, () => life.web.apply());
  const each = async <T>(look: (site: Site) => Promise<T>) =>
    Object.fromEntries(
      await Promise.all(sites.map(async (site) => [site, await look(site)] as const)),
    ) as Record<Site, T>;
  return {
    ended: result,
    mark,
    loads,
    handovers: await each((site) => handovers(ecs, life, site, before.get(site) ?? "", mark)),
    pages: await each((site) => readPage(life, site, 12)),
  };
}

/** A user's text, of which Terraform, JSON or a shell would make something else; the page shows what has arrived. */
const written = '${other} %{if true} $${x} "quoted" \\n $(id) ü →\n';

async function rollOutFully(): Promise<void> {
  const changed = running("good", { placement: counts, environment: { VERSION: written } });
  replica.configure({}, changed);
  [image, planned] = await Promise.all([
    rollOut(daemon, running("better"), rates),
    replica.changes("service-web"),
  ]);
  variable = await rollOut(replica, changed, { two: rates.two, three: rates.three });
}

async function rollOutLate(): Promise<void> {
  control = await rollOut(
    mutants,
    running("better", { http: { port: 8080, handover: "app", health: late } }),
    low,
  );
  eager = await rollOut(
    mutants,
    running("hasty", { http: { port: 8080, handover: "app", health: late } }),
    low,
  );
  abrupt = await rollOut(
    mutants,
    running("good", { http: { port: 8080, handover: "app", health: late } }),
    low,
  );
}

function expectRolledOut<Site extends string>(
  { ended, loads, handovers: turns, pages }: RollOut<Site>,
  site: Site,
  version: string,
  nodes: number,
): void {
  expect(ended).toSucceed();
  const { failures, failed, requests, succeeded } = loads[site];
  expect({ failures, failed }).toEqual({ failures: [], failed: 0 });
  expect(succeeded).toBe(requests);
  expect(requests).toBeGreaterThanOrEqual(provingRequests);
  expectInTurn(turns[site], nodes);
  expectVersion(pages[site], version);
  expect(new Set(pages[site].map(({ node }) => node)).size).toBe(nodes);
}

/** Each old task served until the load balancer had taken its node out, and went when its successor's node was in. */
function expectInTurn(turns: readonly Handover[], nodes: number): void {
  expect(turns.map(({ node }) => node).sort()).toEqual(nodesUpTo(nodes));
  const { lameDuck } = healthTimes(defaults);
  for (const [index, turn] of turns.entries()) {
    expect(turn).toMatchObject({ exitCode: 0, out: expect.any(Number), in: expect.any(Number) });
    expect(turn.ended - turn.told).toBeGreaterThanOrEqual(lameDuck * 1000);
    expect(turn.ended).toBeGreaterThan(turn.out ?? Infinity);
    expect(turns[index + 1]?.told ?? Infinity).toBeGreaterThan(turn.in ?? Infinity);
  }
}

function nodesUpTo(nodes: number): string[] {
  return Array.from({ length: nodes }, (_, index) => `node-${index + 1}`);
}

function expectVersion(pages: readonly Page[], version: string): void {
  expect(new Set(pages.map((page) => page.version))).toEqual(new Set([version]));
}

describe("a new image, where every node runs the application,", () => {
  test.each([
    ["two", 2],
    ["three", 3],
  ] as const)("is rolled out on a site of %s nodes without a failed request", (site, nodes) => {
    expectRolledOut(image, site, "better", nodes);
  });

  test("is rolled out on a site of one node with the gap that docs/your-own-application.md names", () => {
    const { failed, longestGapSeconds, failures } = image.loads.one;
    expect(failed).toBeGreaterThan(0);
    expect(failures.filter((failure) => !failure.includes("status 503:"))).toEqual([]);
    const { lameDuck, loadBalancer } = healthTimes(defaults);
    const { interval, healthyThreshold, unhealthyThreshold } = loadBalancer;
    const gap = lameDuck + interval * (healthyThreshold - unhealthyThreshold + 1);
    expect(readFileSync("docs/your-own-application.md", "utf8")).toContain(`about ${gap} seconds`);
    expect(longestGapSeconds).toBeGreaterThan(lameDuck / 2);
    // The container's start, on a slow computer.
    expect(longestGapSeconds).toBeLessThan(gap + 15);
    expectVersion(image.pages.one, "better");
  });

  test("changes nothing when it is deployed again", async () => {
    expect(await daemon.changes("service-web")).toEqual({});
  }, 300_000);
});

describe("a changed environment variable, where a number of tasks is set for each site,", () => {
  test.each([
    ["two", 2],
    ["three", 3],
  ] as const)("is rolled out on a site of %s nodes without a failed request", (site, nodes) => {
    expectRolledOut(variable, site, written, nodes);
  });

  test("causes one new revision and one deployment at each site", async () => {
    expect(planned).toEqual({
      'aws_ecs_task_definition.one_off["two"]': "create, delete",
      'aws_ecs_task_definition.one_off["three"]': "create, delete",
      'aws_ecs_task_definition.task["two"]': "create, delete",
      'aws_ecs_task_definition.task["three"]': "create, delete",
      'aws_ecs_service.service["two"]': "update",
      'aws_ecs_service.service["three"]': "update",
      'null_resource.rollout["two"]': "delete, create",
      'null_resource.rollout["three"]': "delete, create",
    });
    const journal = (await replica.since(variable.mark)).filter((entry) => names(entry, replica.deployment));
    // Each with one for tasks that are run by hand.
    expect(callsOf(journal, "RegisterTaskDefinition")).toHaveLength(4);
    expect(callsOf(journal, "UpdateService")).toHaveLength(2);
    for (const site of ["two", "three"]) {
      const [revision, ...more] = await activeRevisions(clients.ecs, replica, site);
      expect(more).toEqual([]);
      const { deployments } = await serviceOf(clients.ecs, replica, site);
      expect(deployments).toMatchObject([{ taskDefinition: revision, rolloutState: "COMPLETED" }]);
    }
  });
});

describe("behind a load balancer that is slow to take nodes in,", () => {
  test("a roll-out fails no request, as with the default settings", () => {
    expect(control.ended).toSucceed();
    expect(control.loads.pair).toMatchObject({ failures: [], failed: 0 });
    expectVersion(control.pages.pair, "better");
  });

  test("requests fail when containers report themselves healthy at once", () => {
    expect(eager.ended).toSucceed();
    expect(eager.loads.pair.failed).toBeGreaterThan(0);
    expectVersion(eager.pages.pair, "hasty");
  });

  test("requests fail when containers end without a lame duck", () => {
    expect(abrupt.ended).toSucceed();
    expect(abrupt.loads.pair.failed).toBeGreaterThan(0);
    expectVersion(abrupt.pages.pair, "good");
  });
});
