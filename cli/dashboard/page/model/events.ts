import type { FleetEvent } from "../../../fleet/events";

/** The same event of several subjects at the same time. */
export interface Told extends Pick<FleetEvent, "at" | "message" | "node"> {
  /** Its subjects. */
  readonly subjects: readonly string[];
  /** Whether it is good or bad news. */
  readonly tone: "good" | "bad" | "plain";
}

/** The newest first, since readers don't scroll to the end here. */
export function toldOf(events: readonly FleetEvent[]): Told[] {
  const told = new Map<string, Told>();
  for (const { at, of, message, node, exitCode } of events.toReversed()) {
    const key = [at, message, node].join(" ");
    const subjects = told.get(key)?.subjects ?? [];
    told.set(key, { at, message, node, subjects: [of, ...subjects], tone: toneOf(message, exitCode) });
  }
  return [...told.values()];
}

/** Source: Amazon ECS Developer Guide, "Viewing Amazon ECS service event messages". */
const badWords = /^Problem:|unable to|unhealthy|failed|failing/;

function toneOf(message: string, exitCode: number | null): Told["tone"] {
  if (message.startsWith("No longer:")) {
    return "good";
  }
  return (exitCode ?? 0) !== 0 || badWords.test(message) ? "bad" : "plain";
}
