import { z } from "zod";
import type { DeepReadonly } from "./deep-readonly";
import { key, text } from "./forms";
import { tagLength } from "./services/image";

/** Tag of an image that is built here. */
export const imageTag = text(
  new RegExp(`^[0-9a-f]{${tagLength}}$`),
  `an image tag: ${tagLength} hexadecimal digits, 0 to 9 and a to f`,
);

/**
 * Services that run an earlier image than the present one, as JSON in this variable: the image's tag, and those from
 * which they were rolled back. Our commands set it for a synthesis, from the services' states.
 */
export const rollbacksVariable = "ANYWHERE_ROLLBACKS";

export const rollbacks = z.record(key, z.strictObject({ tag: imageTag, from: z.array(imageTag).min(1) }));

/** By service. */
export type Rollbacks = DeepReadonly<z.output<typeof rollbacks>>;
export type Rollback = Rollbacks[string];
