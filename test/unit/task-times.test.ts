import { expect, test } from "@jest/globals";
import { drainTimes, healthTimes, taskTimes } from "../../config/services/health";
import { rolloutOf } from "../../config/services/rollout";
import { service } from "../../config/services/service";
import { handingOver } from "../support/synthesis/handover";

test("all times follow from the load balancer's health checks", () => {
  const checks = { path: "/", intervalSeconds: 10, unhealthyAfter: 3, healthyAfter: 5 };
  const health = {
    loadBalancer: { interval: 10, timeout: 3, unhealthyThreshold: 3, healthyThreshold: 5 },
    lameDuck: 43,
    readyAfter: 63,
  };
  const check = { interval: 5, timeout: 5, retries: 6, startPeriod: 123 };
  expect(healthTimes(checks)).toEqual(health);
  expect(taskTimes(handingOver("app", checks))).toEqual({
    health,
    stopTimeout: { app: 58, proxy: 0 },
    hardStopAfter: 0,
    stop: 58,
    check,
    appCheck: check,
  });
  expect(taskTimes(handingOver("proxy", checks))).toEqual({
    health,
    stopTimeout: { app: 15, proxy: 61 },
    hardStopAfter: 15,
    stop: 76,
    check,
    appCheck: undefined,
  });
  expect(drainTimes([handingOver("app", checks)])).toEqual({ stall: 93, longest: 333 });
});

test.each([
  // As long as the load balancer's own, and never shorter than three checks of 5 s.
  [3, 2, { interval: 5, retries: 3 }],
  [10, 3, { interval: 5, retries: 6 }],
  [30, 10, { interval: 30, retries: 10 }],
  [89, 10, { interval: 89, retries: 10 }],
])(
  "ECS gives up a container no earlier than a load balancer that checks it every %i s, %i times",
  (interval, times, check) => {
    const checks = { path: "/", intervalSeconds: interval, unhealthyAfter: times, healthyAfter: 2 };
    for (const handover of ["app", "proxy"] as const) {
      const own = taskTimes(handingOver(handover, checks)).check;
      expect(own).toMatchObject(check);
      expect((own?.interval ?? 0) * (own?.retries ?? 0)).toBeGreaterThanOrEqual(interval * times);
    }
  },
);

test("a slow start is waited for as long as `startSeconds` says, in roll-outs too", () => {
  const checks = { path: "/", intervalSeconds: 3, unhealthyAfter: 2, healthyAfter: 2 };
  const of = (startSeconds: number) => handingOver("proxy", checks, { startSeconds });
  expect(taskTimes(of(200)).check).toMatchObject({ startPeriod: 212 });
  expect(rolloutOf(2, of(200)).timeout - rolloutOf(2, of(60)).timeout).toBeGreaterThanOrEqual(2 * 140);
  const worker = service.parse({
    image: "registry.example/shop/worker:v1",
    healthCommand: ["true"],
    startSeconds: 250,
  });
  expect(taskTimes(worker).appCheck).toMatchObject({ startPeriod: 250 });
});
