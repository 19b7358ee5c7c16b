import { expect, test } from "@jest/globals";
import { healthTimes } from "../../config/services/health";
import { atOnce, minimumHealthyPercent, rolloutOf } from "../../config/services/rollout";
import type { Application } from "../../config/schema";
import { createStage, leastHealthy, registerRevision, serviceInput } from "../support/ecs-stage";

const usual = { path: "/", intervalSeconds: 3, unhealthyAfter: 2, healthyAfter: 2 };
const slow = { path: "/", intervalSeconds: 60, unhealthyAfter: 5, healthyAfter: 2 };
const healths = [
  ["usual", usual],
  ["slow", slow],
  ["fastest in, slowest out", { path: "/", intervalSeconds: 89, unhealthyAfter: 10, healthyAfter: 2 }],
] as const;

const sites = Array.from({ length: 200 }, (_, index) => index + 1);

/** A task as ECS sees it: of the old revision, or of the new one, which turns healthy at a time. */
type Slot = "old" | { readonly healthyAt: number };

/**
 * ECS's rule, second by second: old tasks give way while at least the minimum, rounded up, stay healthy; a new one
 * starts where an old one has stopped. Returns when all are new and healthy, and how many went at the same time.
 */
function simulate(
  nodes: number,
  percent: number,
  health: Application["health"],
  seconds: { readonly scheduling: number; readonly start: number },
): { readonly ended: number; readonly together: number } {
  const { stopTimeout, readyAfter, container } = healthTimes(health);
  const takes = seconds.scheduling + stopTimeout + seconds.start + readyAfter + container.interval;
  const minimum = Math.ceil((nodes * percent) / 100);
  const slots: Slot[] = Array.from({ length: nodes }, () => "old");
  let together = 0;
  for (let now = 0; ;) {
    const isHealthy = (slot: Slot) => slot === "old" || slot.healthyAt <= now;
    const spare = slots.filter(isHealthy).length - minimum;
    const going = slots.flatMap((slot, index) => (slot === "old" ? [index] : [])).slice(0, spare);
    going.forEach((index) => (slots[index] = { healthyAt: now + takes }));
    const pending = slots.flatMap((slot) => (slot !== "old" && slot.healthyAt > now ? [slot.healthyAt] : []));
    together = Math.max(together, pending.length);
    if (pending.length === 0) {
      const done = !slots.includes("old");
      return { ended: done ? now : Infinity, together };
    }
    now = Math.min(...pending);
  }
}

test.each([
  [1, 1, 0],
  [2, 1, 50],
  [3, 1, 66],
  [10, 1, 90],
  [11, 2, 81],
  [12, 2, 83],
  [20, 2, 90],
  [100, 10, 90],
  [200, 20, 90],
])("of %i nodes %i go at a time, and %i %% stay", (nodes, many, percent) => {
  expect(atOnce(nodes)).toBe(many);
  expect(minimumHealthyPercent(nodes)).toBe(percent);
});

test("a site without tasks keeps none, and has its times all the same", () => {
  expect(minimumHealthyPercent(0)).toBe(0);
  expect(rolloutOf(0, usual).deleteTimeout).toBeGreaterThan(0);
});

test.each(healths)(
  "on 1 to 200 nodes an update goes on to its end, within its time, with %s health checks",
  (_, health) => {
    const wrong = sites.filter((nodes) => {
      const { minimumHealthyPercent: percent, timeout } = rolloutOf(nodes, health);
      const { ended, together } = simulate(nodes, percent, health, { scheduling: 30, start: 60 });
      // Rounded down to whole percents, of which one is two nodes of two hundred.
      const most = atOnce(nodes) + Math.ceil(nodes / 100);
      return !(ended < timeout && together >= atOnce(nodes) && together <= most);
    });
    expect(wrong).toEqual([]);
  },
);

test("an update of 200 nodes takes no longer than one of ten", () => {
  expect(rolloutOf(200, usual).timeout).toBe(rolloutOf(10, usual).timeout);
});

test.each(healths)(
  "on 1 to 200 nodes ECS gives a bad revision up before the deploy does, with %s health checks",
  (_, health) => {
    const { container, stopTimeout } = healthTimes(health);
    const wrong = sites.filter((nodes) => {
      const failures = Math.min(200, Math.max(3, Math.ceil(nodes / 2)));
      const attempt = container.startPeriod + 3 * container.interval + stopTimeout;
      return Math.ceil(failures / atOnce(nodes)) * (attempt + 90) >= rolloutOf(nodes, health).timeout;
    });
    expect(wrong).toEqual([]);
  },
);

test("the times grow with what a task takes to stop and to start", () => {
  expect(rolloutOf(2, usual)).toEqual({ minimumHealthyPercent: 50, timeout: 1260, deleteTimeout: 420 });
  expect(rolloutOf(2, slow).timeout).toBeGreaterThan(rolloutOf(2, usual).timeout);
  expect(rolloutOf(2, slow).deleteTimeout).toBeGreaterThan(healthTimes(slow).stopTimeout);
});

test.each([
  [1, "DAEMON"],
  [2, "DAEMON"],
  [10, "DAEMON"],
  [11, "DAEMON"],
  [12, "DAEMON"],
  [12, "REPLICA"],
  [35, "DAEMON"],
])(
  "the local cloud's ECS updates %i nodes of a %s service, so many at a time, to the end",
  (nodes, strategy) => {
    const stage = createStage();
    for (let node = 0; node < nodes; node += 1) {
      stage.addNode();
    }
    const service = { cluster: "anywhere", service: "app", taskDefinition: "app:2" };
    stage.call(
      "CreateService",
      serviceInput({
        schedulingStrategy: strategy,
        desiredCount: strategy === "REPLICA" ? nodes : undefined,
        deploymentConfiguration: { minimumHealthyPercent: minimumHealthyPercent(nodes), maximumPercent: 100 },
      }),
    );
    stage.advance(10);
    registerRevision(stage.call);
    stage.call("UpdateService", service);

    expect(leastHealthy(stage, nodes * 2 + 5)).toBe(nodes - atOnce(nodes));
    expect(stage.service().deployments).toMatchObject([{ rolloutState: "COMPLETED" }]);
    expect(stage.tasks().filter(({ taskDefinitionArn }) => taskDefinitionArn.endsWith(":2"))).toHaveLength(
      nodes,
    );
  },
);
