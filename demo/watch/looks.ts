import { setTimeout as pause } from "node:timers/promises";
import { Refusal } from "../../cli/refusals/refusal";
import { observeFleet } from "../../cli/fleet/gather";
import { loadEnvironment } from "../../config/load";

/** Milliseconds between two looks: the shortest interval of `anywhere status --watch` is too long for a demo. */
const period = 1000;

/**
 * Prints a line of JSON with the nodes of the environment each second, including their tasks that are about to end, and
 * once more after its standard input has ended.
 */
async function look(): Promise<void> {
  const { config } = loadEnvironment(process.env);
  const { signal } = ending;
  for (;;) {
    const isLast = signal.aborted;
    try {
      const { fleet } = await observeFleet(config, process.env, Object.keys(config.services));
      console.log(JSON.stringify(fleet.sites.flatMap(({ nodes }) => nodes)));
    } catch (error) {
      // Before the first deploy and after a destroy.
      if (!(error instanceof Refusal)) {
        throw error;
      }
    }
    if (isLast) {
      return;
    }
    await pause(period, undefined, { signal }).catch(() => undefined);
  }
}

const ending = new AbortController();
process.stdin
  .once("end", () => {
    ending.abort();
  })
  .resume();
void look();
