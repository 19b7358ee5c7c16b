import type { FleetEvent } from "../fleet/events";
import type { StatusReport } from "../report/schemas/status-report";

/** The number of events kept: more than anybody reads, and few enough to send with every look. */
const kept = 200;

/** The history of problems that came and went between looks. */
export class History {
  /** Messages by kind and subject. */
  private readonly open = new Map<string, string>();
  private readonly told: FleetEvent[] = [];

  /** Records a look. */
  take({ at, problems, unanswered }: StatusReport): void {
    const known = new Map(problems.map((one) => [`${one.kind} ${one.subject}`, one]));
    const tell = (key: string, message: string) => {
      const of = key.slice(key.indexOf(" ") + 1);
      this.told.push({ at, of, message, node: null, exitCode: null });
    };
    for (const [key, { message }] of known) {
      if (!this.open.has(key)) {
        this.open.set(key, message);
        tell(key, `Problem: ${message}`);
      }
    }
    // While a cloud doesn't answer, it is unknown whether its problems have ended.
    if (unanswered.length === 0) {
      for (const [key, message] of [...this.open].filter(([one]) => !known.has(one))) {
        this.open.delete(key);
        tell(key, `No longer: ${message}`);
      }
    }
    this.told.splice(0, this.told.length - kept);
  }

  /** The latest of these events and its own, the newest last. */
  mixedWith(events: readonly FleetEvent[]): FleetEvent[] {
    return [...events, ...this.told].sort((one, other) => (one.at < other.at ? -1 : 1)).slice(-kept);
  }
}
