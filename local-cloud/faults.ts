import { setTimeout as pause } from "node:timers/promises";

/** The services whose calls can be made to fail. */
export type Service = "ssm" | "ecs" | "scheduler" | "states" | "digitalocean" | "machine" | "terraform-cloud";

/** The fault that a matching call gets instead of, or before, its answer. */
export type FaultEffect =
  /** Answered with this error; nothing happens in the world. `code` is the AWS error code or DigitalOcean error id. */
  | { readonly kind: "error"; readonly status: number; readonly code: string; readonly message: string }
  /** Done, but the answer is lost: the connection is reset. */
  | { readonly kind: "lost-answer" }
  /** Done, and answered after this many milliseconds, or as soon as the fault is cleared. */
  | { readonly kind: "delay"; readonly milliseconds: number }
  /**
   * Done and answered. Data of a deleted cluster's Container Insights keeps arriving, until it has created the log
   * group again.
   */
  | { readonly kind: "late-insights"; readonly milliseconds: number };

/** Changes the answers to the next matching calls. */
export interface Fault {
  /** Chosen by its author, who ends it with this. */
  readonly id?: string;
  readonly match: {
    /** Calls that moto serves can be hit only by errors. */
    readonly service: Service | "sts" | "ecr" | "logs";
    /** Name as in the journal; every operation of the service when left out. */
    readonly operation?: string;
    /** Text that the call's input, as JSON, contains. */
    readonly contains?: string;
  };
  /** How many calls it still hits. */
  times: number;
  readonly effect: FaultEffect;
}

/** The active faults, of which the first that matches a call hits it. */
interface Faulty {
  readonly faults: readonly Fault[];
}

/** The effect that hits this call, if any; counts it. */
export function takeFault(
  { faults }: Faulty,
  call: { readonly service: string; readonly operation: string; readonly input: string },
): FaultEffect | undefined {
  const fault = faults.find(
    ({ match, times }) =>
      times > 0 &&
      match.service === call.service &&
      (match.operation === undefined || match.operation === call.operation) &&
      (match.contains === undefined || call.input.includes(match.contains)),
  );
  if (fault === undefined) {
    return undefined;
  }
  fault.times -= 1;
  return fault.effect;
}

/** Returns once the answer to a call with this effect may be sent: at once, unless it is a delay. */
export async function untilAnswered({ faults }: Faulty, effect: FaultEffect | undefined): Promise<void> {
  if (effect?.kind !== "delay") {
    return;
  }
  const deadline = Date.now() + effect.milliseconds;
  const isInForce = (): boolean => faults.some((fault) => fault.effect === effect);
  while (isInForce() && Date.now() < deadline) {
    await pause(Math.min(50, deadline - Date.now()));
  }
}
