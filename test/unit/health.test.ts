import { expect, test } from "@jest/globals";
import { drainTimes, healthTimes, taskTimes } from "../../config/services/health";
import { ConfigError, parseConfig } from "../../config/load";
import { handingOver } from "../support/synthesis/handover";
import { oneSite } from "../support/synthesis/environments";

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
    parseConfig({ ...oneSite, services: { web: handingOver("app", health) } }, "test.ts");
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return false;
  }
}

test("an interval of a minute and five failed checks keep a node until its task has stopped", () => {
  const slow = { path: "/", intervalSeconds: 60, unhealthyAfter: 5, healthyAfter: 2 };
  expect(isAccepted(slow)).toBe(true);
  const web = handingOver("app", slow);
  expect(taskTimes(web)).toMatchObject({ health: { lameDuck: 363 }, stopTimeout: { app: 378 }, stop: 378 });
  expect(drainTimes([web])).toEqual({ stall: 413, longest: 653 });
});

test("with any allowed health numbers, load balancer, lame duck, stop time-out and drain agree", () => {
  const wrong = settings.filter((health) => {
    const { loadBalancer, lameDuck, readyAfter } = healthTimes(health);
    const [byApp, byProxy] = [handingOver("app", health), handingOver("proxy", health)];
    const [app, proxy] = [taskTimes(byApp), taskTimes(byProxy)];
    const [drain, drainOfBoth] = [drainTimes([byApp]), drainTimes([byApp, byProxy])];
    return !(
      seen(loadBalancer.unhealthyThreshold, loadBalancer) <= lameDuck &&
      seen(loadBalancer.healthyThreshold, loadBalancer) <= readyAfter &&
      // Ten seconds for the requests that are under way, and half a minute until ECS knows that the task has ended.
      lameDuck + 10 <= app.stopTimeout.app &&
      app.stop + 30 <= drain.stall &&
      drain.stall < drain.longest &&
      // The proxy ends by itself before it is killed, and only then is the app told to stop.
      proxy.hardStopAfter >= 10 &&
      lameDuck + proxy.hardStopAfter < proxy.stopTimeout.proxy &&
      proxy.stop === proxy.stopTimeout.proxy + proxy.stopTimeout.app &&
      proxy.stop + 30 <= drainOfBoth.stall
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
    return (["app", "proxy"] as const).some((handover) => {
      const { check = { startPeriod: 0, interval: 0, retries: 0 }, health: times } = taskTimes(
        handingOver(handover, health),
      );
      // Three more checks of the container after the first that can pass, before it is given up.
      const least = (times?.readyAfter ?? Infinity) + 3 * check.interval;
      const givenUp = check.startPeriod + (check.retries - 1) * check.interval;
      return (
        check.startPeriod > 300 || check.startPeriod < (times?.readyAfter ?? Infinity) || givenUp < least
      );
    });
  });
  expect(wrong).toEqual([]);
});
