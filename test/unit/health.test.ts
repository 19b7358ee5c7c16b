import { expect, test } from "@jest/globals";
import { healthTimes } from "../../config/services/health";
import { ConfigError, parseConfig } from "../../config/load";
import { oneSite } from "../support/environments";

const between = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** All that the configuration takes, whether or not it is refused as a whole. */
const settings = between(3, 300).flatMap((intervalSeconds) =>
  between(2, 10).flatMap((unhealthyAfter) =>
    between(2, 10).map((healthyAfter) => ({ path: "/", intervalSeconds, unhealthyAfter, healthyAfter })),
  ),
);

/** When the load balancer has seen so many checks in a row, whose first comes as late and whose last takes as long as can be. */
const seen = (checks: number, { interval, timeout }: { interval: number; timeout: number }) =>
  interval + (checks - 1) * interval + timeout;

function isAccepted(health: (typeof settings)[number]): boolean {
  try {
    parseConfig({ ...oneSite, application: { ...oneSite.application, health } }, "test.ts");
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return false;
  }
}

test("an interval of a minute and five failed checks keep a node until its task has stopped", () => {
  const slow = { path: "/", intervalSeconds: 60, unhealthyAfter: 5, healthyAfter: 2 };
  expect(isAccepted(slow)).toBe(true);
  expect(healthTimes(slow)).toMatchObject({
    lameDuck: 363,
    stopTimeout: 376,
    drain: { stall: 411, longest: 651 },
  });
});

test("with any allowed health numbers, load balancer, lame duck, stop time-out and drain agree", () => {
  const wrong = settings.filter((health) => {
    const { loadBalancer, lameDuck, readyAfter, stopTimeout, drain } = healthTimes(health);
    return !(
      seen(loadBalancer.unhealthyThreshold, loadBalancer) <= lameDuck &&
      seen(loadBalancer.healthyThreshold, loadBalancer) <= readyAfter &&
      // Ten seconds for the requests that are under way, and half a minute until ECS knows that the task has ended.
      lameDuck + 10 <= stopTimeout &&
      stopTimeout + 30 <= drain.stall &&
      drain.stall < drain.longest
    );
  });
  expect(wrong).toEqual([]);
});

test("with any accepted health numbers, ECS waits long enough for a container, and no longer than it can", () => {
  const borders = settings.filter(({ unhealthyAfter }) => unhealthyAfter === 2);
  const accepted = borders.filter(isAccepted);
  expect(accepted.length).toBeGreaterThan(100);
  expect(accepted.length).toBeLessThan(borders.length);
  const wrong = accepted.filter((health) => {
    const { container, readyAfter } = healthTimes(health);
    // Three more checks of the container after the first that can pass.
    return container.startPeriod > 300 || container.startPeriod < readyAfter + 3 * container.interval;
  });
  expect(wrong).toEqual([]);
});
