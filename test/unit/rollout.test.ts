import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { taskTimes } from "../../config/services/health";
import { atOnce, rolloutOf } from "../../config/services/rollout";
import { service, type Health, type Service } from "../../config/services/service";
import { handingOver } from "../support/synthesis/handover";
import { createStage, leastHealthy, registerRevision, serviceInput } from "../support/stages/ecs-stage";

const checks = (intervalSeconds: number, unhealthyAfter: number, healthyAfter = 2): Health => {
  return { path: "/", intervalSeconds, unhealthyAfter, healthyAfter };
};
const usual = handingOver("app", checks(3, 2));
const slow = handingOver("app", checks(60, 5));
const healths = [
  ["usual", usual],
  ["slow", slow],
  ["fastest in, slowest out", handingOver("app", checks(89, 10))],
  ["usual (by a proxy)", handingOver("proxy", checks(3, 2))],
  ["slow (by a proxy)", handingOver("proxy", checks(60, 5), { stopSeconds: 120 })],
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
  service: Service,
  seconds: { readonly scheduling: number; readonly start: number },
): { readonly ended: number; readonly together: number } {
  const { stop, health, check } = taskTimes(service);
  const ready = (health?.readyAfter ?? 0) + (check?.interval ?? 0);
  const takes = seconds.scheduling + stop + seconds.start + ready;
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
])("of %i nodes, %i go at a time, and %i %% stay", (nodes, many, percent) => {
  expect(atOnce(nodes)).toBe(many);
  expect(rolloutOf(nodes, usual)).toMatchObject({ minimumHealthyPercent: percent, maximumPercent: 100 });
});

test("a site without tasks has a minimum of 0, and a time limit all the same", () => {
  expect(rolloutOf(0, usual).minimumHealthyPercent).toBe(0);
  expect(rolloutOf(0, usual).deleteTimeout).toBeGreaterThan(0);
});

test.each(healths)(
  "on 1 to 200 nodes, an update completes within its time with %s health checks",
  (_, service) => {
    const wrong = sites.filter((nodes) => {
      const { minimumHealthyPercent: percent, timeout } = rolloutOf(nodes, service);
      const { ended, together } = simulate(nodes, percent, service, { scheduling: 30, start: 60 });
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
  "on 1 to 200 nodes, ECS gives up a bad revision before the deploy does, with %s health checks",
  (_, service) => {
    const { check = { startPeriod: 0, interval: 0 }, stop } = taskTimes(service);
    const wrong = sites.filter((nodes) => {
      const failures = Math.min(200, Math.max(3, Math.ceil(nodes / 2)));
      const attempt = check.startPeriod + 3 * check.interval + stop;
      return Math.ceil(failures / atOnce(nodes)) * (attempt + 90) >= rolloutOf(nodes, service).timeout;
    });
    expect(wrong).toEqual([]);
  },
);

test("the time limits grow with the time that a task takes to stop and to start", () => {
  expect(rolloutOf(2, usual)).toEqual({
    minimumHealthyPercent: 50,
    maximumPercent: 100,
    timeout: 1260,
    deleteTimeout: 420,
  });
  expect(rolloutOf(2, slow).timeout).toBeGreaterThan(rolloutOf(2, usual).timeout);
  expect(rolloutOf(2, slow).deleteTimeout).toBeGreaterThan(taskTimes(slow).stop);
});

test("docs/deploying.md names the time limits of a web service with the defaults", () => {
  const web = service.parse({ image: "registry.example/web:1", http: { port: 8080 } });
  const minutes = sites.map((nodes) => rolloutOf(nodes, web).timeout / 60);
  expect(readFileSync("docs/deploying.md", "utf8").replace(/\s+/g, " ")).toContain(
    `with the defaults, ${minutes[1]} minutes on two nodes, and at most ${Math.max(...minutes)} on more.`,
  );
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
  "the local cloud's ECS updates %i nodes of a %s service completely, as many at a time as planned",
  (nodes, strategy) => {
    const { minimumHealthyPercent } = rolloutOf(nodes, usual);
    const stage = createStage();
    for (let node = 0; node < nodes; node += 1) {
      stage.addNode();
    }
    const update = { cluster: "anywhere", service: "app", taskDefinition: "app:2" };
    stage.call(
      "CreateService",
      serviceInput({
        schedulingStrategy: strategy,
        desiredCount: strategy === "REPLICA" ? nodes : undefined,
        deploymentConfiguration: { minimumHealthyPercent, maximumPercent: 100 },
      }),
    );
    stage.advance(10);
    registerRevision(stage.call);
    stage.call("UpdateService", update);

    expect(leastHealthy(stage, nodes * 2 + 5)).toBe(nodes - atOnce(nodes));
    expect(stage.service().deployments).toMatchObject([{ rolloutState: "COMPLETED" }]);
    expect(stage.tasks().filter(({ taskDefinitionArn }) => taskDefinitionArn.endsWith(":2"))).toHaveLength(
      nodes,
    );
  },
);

const worker = (placement: Service["placement"], rollout: object = {}) =>
  service.parse({ image: "registry.example/shop/worker:v1", placement, rollout });

test("with counts and no port, new tasks start beside the old ones; a daemon's old tasks give way", () => {
  const room = { slots: Infinity, awaited: true };
  expect(rolloutOf(4, worker({ ams3: 4 }), room)).toMatchObject({
    minimumHealthyPercent: 100,
    maximumPercent: 200,
  });
  expect(rolloutOf(4, worker({ ams3: 4 }, { atOnce: 1 }), room)).toMatchObject({
    minimumHealthyPercent: 100,
    maximumPercent: 125,
  });
  expect(rolloutOf(4, worker("every-node"), { ...room, slots: 4 })).toMatchObject({
    minimumHealthyPercent: 75,
    maximumPercent: 100,
  });
});

test.each([
  ["room for one more", 5, 100, 125],
  ["no room for more", 4, 75, 100],
])(
  "with four tasks without a port and %s, new tasks start beside old ones, or else old ones give way",
  (_, slots, minimum, maximum) => {
    expect(rolloutOf(4, worker({ ams3: 4 }), { slots, awaited: true })).toMatchObject({
      minimumHealthyPercent: minimum,
      maximumPercent: maximum,
    });
  },
);

test.each([
  [1, 2, 100, 200],
  [2, 3, 100, 150],
  [3, 12, 100, 134],
  [3, 3, 66, 100],
])("%i tasks with a fixed port on %i nodes use the nodes that are free", (tasks, slots, minimum, maximum) => {
  const counted = handingOver("proxy", checks(3, 2), { placement: { ams3: tasks } });
  const rollout = rolloutOf(tasks, counted, { slots, awaited: true });
  expect(rollout).toMatchObject({ minimumHealthyPercent: minimum, maximumPercent: maximum });
  // ECS rounds down.
  const beside = Math.floor((tasks * maximum) / 100) - tasks;
  expect(beside).toBe(slots > tasks ? 1 : 0);
});

test.each([2, 3, 9, 12, 40])(
  "one of %i servers that a deploy doesn't wait for may be missing, and the others are updated",
  (nodes) => {
    const { minimumHealthyPercent: percent } = rolloutOf(nodes, worker("every-node"), {
      slots: nodes,
      awaited: false,
    });
    const registered = nodes < 3 ? nodes : nodes - 1;
    expect(registered - Math.ceil((registered * percent) / 100)).toBeGreaterThanOrEqual(1);
    // With all of them there, no more than one goes besides those that may.
    expect(nodes - Math.ceil((nodes * percent) / 100)).toBeLessThanOrEqual(atOnce(nodes) + 1);
  },
);

test("`rollout.atOnce` sets how many go at a time, and `timeoutMinutes` when a deploy gives up", () => {
  const three = handingOver("proxy", checks(3, 2), { rollout: { atOnce: 3, timeoutMinutes: 7 } });
  expect(rolloutOf(12, three)).toMatchObject({ minimumHealthyPercent: 75, timeout: 420 });
  // More than there are is all of them.
  expect(rolloutOf(2, three)).toMatchObject({ minimumHealthyPercent: 0, timeout: 420 });
  const alone = handingOver("proxy", checks(3, 2), { rollout: { atOnce: 3 } });
  expect(rolloutOf(12, alone).timeout).toBeLessThan(
    rolloutOf(12, handingOver("proxy", checks(3, 2))).timeout,
  );
});
