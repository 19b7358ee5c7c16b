import { note, type World } from "../../world";
import { motoClient } from "../moto/moto-client";
import type { Api } from "../protocol/api";
import { everyPlace } from "../protocol/places";
import type { Settings } from "../settings";
import { runSchedules } from "./run-schedules";

/**
 * Runs due schedules every so many milliseconds, in every account and region.
 * @returns a function that ends it, and returns once nothing is in progress
 */
export function startScheduler(
  world: World,
  {
    apis,
    motoPort,
    settings,
  }: { readonly apis: readonly Api[]; readonly motoPort: number; readonly settings: Settings },
  period: number,
): () => Promise<void> {
  const ecs = apis.find(({ service }) => service === "ecs");
  if (ecs === undefined) {
    throw new Error("Schedules need ECS, which is not among the APIs");
  }
  const look = async (): Promise<void> => {
    for (const place of everyPlace({ world, settings })) {
      const moto = motoClient(motoPort, place.world.account);
      await runSchedules({ place, ecs, moto }, Date.now());
    }
  };
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= look()
      .catch((error: unknown) =>
        note(world, {
          kind: "event",
          service: "scheduler",
          name: "defect",
          detail: { reason: String(error) },
        }),
      )
      .finally(() => {
        looking = undefined;
      });
  }, period);
  return async () => {
    clearInterval(timer);
    await looking;
  };
}
