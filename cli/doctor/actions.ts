import type { Config } from "../../config/schema";
import type { Need } from "../permissions/grants";
import { actionsFor } from "../permissions/policies";

/** The AWS actions that an environment needs, as policies name them. */
export function actionsOf({ images, jobs, monitoring, backend }: Config): string[] {
  const needs: Readonly<Record<Need, boolean>> = {
    images: Object.keys(images).length > 0,
    jobs: Object.keys(jobs).length > 0,
    monitoring: monitoring.enabled,
    s3: backend.kind === "s3",
  };
  return actionsFor((need) => needs[need]);
}
