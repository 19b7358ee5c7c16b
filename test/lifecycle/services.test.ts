import { afterAll, beforeAll, expect } from "@jest/globals";
import type { Environment } from "../../config/schema";
import { awsClients } from "../support/observation/clouds";
import { eventually } from "../support/jest/eventually";
import { testOfHaproxy } from "../support/jest/haproxy";
import { startLifeCycle, type LifeCycle } from "../support/deployments/life-cycle";
import { sample } from "../support/deployments/sample-environment";
import { createPlainServer, plainServer } from "../support/programs/plain-server";
import { listTasks } from "../support/observation/services";
import { bringUp, loadableSite, provingRequests, underLoad, urlOf } from "../support/deployments/site-load";

/** Requests a second. Each goes through two load balancers and two proxies, for which a busy computer takes its time. */
const rates = { two: 15, three: 15 };
const worker = {
  image: "localhost/anywhere/app:v1",
  command: ["node", "worker.js"],
  cpuUnits: 64,
  memoryMiB: 64,
};

/** A public service that asks an internal one, which an image that knows nothing of us runs; and a worker. */
function environment(version: string, handover: "proxy" | "app" = "proxy"): Partial<Environment> {
  return {
    services: {
      web: sample({ environment: { API_URL: { service: "api" } } }),
      api: {
        image: plainServer,
        environment: { VERSION: version },
        memoryMiB: 128,
        // Without the proxy the image has to say itself that it is well, and can't.
        ...(handover === "app" && { healthCommand: ["true"] }),
        http: {
          port: 8081,
          containerPort: 80,
          handover,
          health: { path: "/" },
          loadBalancer: { network: "internal" },
        },
      },
      worker,
    },
    jobs: {
      report: {
        image: "localhost/anywhere/app:v1",
        command: ["node", "report.js"],
        cpuUnits: 64,
        memoryMiB: 64,
        schedule: "rate(1 minute)",
        site: "two",
      },
    },
  };
}

const plain = createPlainServer();
let life: LifeCycle;
let clients: ReturnType<typeof awsClients>;

beforeAll(async () => {
  life = await startLifeCycle({
    name: "services",
    sites: { two: loadableSite("one", "two"), three: loadableSite("one", "two", "three") },
    environment: environment("first"),
    args: plain.args,
  });
  clients = awsClients(life.cloud);
}, 600_000);

afterAll(async () => {
  plain.remove();
  clients.ecs.destroy();
  clients.ssm.destroy();
  await life.stop();
});

async function apply(...services: readonly string[]): Promise<void> {
  const ended = await Promise.all(services.map((name) => life.service(name).apply()));
  expect(ended.map(({ exitCode }) => exitCode)).toEqual(services.map(() => 0));
}

async function idsOf(...services: readonly string[]): Promise<string[]> {
  const families = services.flatMap((name) => ["two", "three"].map((site) => `shop--${name}--${site}`));
  const tasks = await Promise.all(
    families.map((family) => listTasks(clients.ecs, life, { family, desiredStatus: "RUNNING" })),
  );
  return tasks
    .flat()
    .map(({ taskArn }) => taskArn ?? "")
    .sort();
}

/** The internal service's answer to the public one, as a client of a site sees it. */
async function askedThrough(site: string): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(await urlOf(life, site), { signal: AbortSignal.timeout(10_000) });
  return ((await response.json()) as { api: Record<string, unknown> }).api;
}

testOfHaproxy(
  "an unmodified image is rolled out behind its proxy and an internal load balancer without a failed request, and no other task ends",
  async () => {
    await Promise.all(["two", "three"].map((site) => life.site(site).apply()));
    await apply("api", "worker");
    await bringUp(life, { two: 2, three: 3 });
    const mark = await life.mark();
    expect(await life.terraform("jobs", "apply", "-auto-approve", "-input=false", "-no-color")).toContain(
      "Apply complete",
    );
    expect(await askedThrough("two")).toMatchObject({ version: "first", user: 65534 });

    const others = await idsOf("web", "worker");
    const before = await idsOf("api");
    expect([others.length, before.length]).toEqual([10, 5]);
    life.configure({}, environment("second"));
    expect(await life.changes("service-worker")).toEqual({});
    const { loads } = await underLoad(life, rates, () => apply("api"));
    for (const { failures, failed } of Object.values(loads)) {
      expect({ failures, failed }).toEqual({ failures: [], failed: 0 });
    }
    expect(loads.three.requests).toBeGreaterThanOrEqual(provingRequests);
    expect(await askedThrough("three")).toMatchObject({ version: "second" });
    expect(await idsOf("web", "worker")).toEqual(others);
    expect((await idsOf("api")).filter((id) => before.includes(id))).toEqual([]);
    expect(await life.changes("service-api")).toEqual({});

    const [run] = await eventually("the job has run", async () => {
      const ended = await listTasks(clients.ecs, life, { family: "shop--report", desiredStatus: "STOPPED" });
      return ended.some(({ lastStatus }) => lastStatus === "STOPPED") ? ended : undefined;
    });
    expect(run?.containers).toMatchObject([{ name: "app", exitCode: 0 }]);
    expect(await life.changes("jobs")).toEqual({});
    expect((await life.since(mark)).filter(({ name }) => name === "RunTask").length).toBeGreaterThan(0);
  },
  900_000,
);

testOfHaproxy(
  "without the proxy the same image fails requests during its roll-out",
  async () => {
    life.configure({}, environment("second", "app"));
    await apply("api");
    expect(await askedThrough("two")).toMatchObject({ version: "second" });
    life.configure({}, environment("third", "app"));
    const { loads } = await underLoad(life, { two: 20 }, () => apply("api"));
    expect(loads.two.failed).toBeGreaterThan(0);
  },
  600_000,
);

testOfHaproxy(
  "a service that fails leaves the others as they are",
  async () => {
    const others = await idsOf("web", "api");
    const { services = {}, jobs } = environment("third", "app");
    life.configure({}, { jobs, services: { ...services, worker: { ...worker, command: ["false"] } } });
    expect(await life.service("worker").apply()).toMatchObject({ exitCode: 1 });
    expect(await idsOf("web", "api")).toEqual(others);
  },
  600_000,
);
