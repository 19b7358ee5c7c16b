import type { Fault } from "../../../local-cloud/faults";
import type { LifeCycle } from "./life-cycle";

type Service = Fault["match"]["service"];

/** Ends a fault. */
export type Clear = () => Promise<void>;

/** Does an operation's calls whose input contains a text, and holds back their answers until the fault is cleared. */
export function hold(
  { cloud }: LifeCycle,
  service: Service,
  operation: string,
  contains: string,
): Promise<Clear> {
  return cloud.admin.inject({
    match: { service, operation, contains },
    times: 1000,
    // Longer than a command may take.
    effect: { kind: "delay", milliseconds: 600_000 },
  });
}

/** How calls of an operation fail. */
export interface Refusal {
  readonly service: Service;
  readonly operation: string;
  readonly status: number;
  readonly code: string;
  /** Text that the calls' input contains. */
  readonly contains?: string;
  readonly message?: string;
}

/** Refuses so many calls of an operation; nothing happens then. */
export function refuse({ cloud }: LifeCycle, refusal: Refusal, times = 1000): Promise<Clear> {
  const { service, operation, status, code, contains, message = "as a test has it" } = refusal;
  return cloud.admin.inject({
    match: { service, operation, ...(contains === undefined ? {} : { contains }) },
    times,
    effect: { kind: "error", status, code, message },
  });
}
