import type { Health, HealthCheck } from "../../../machines";
import type { Stop } from "../repetition";

/**
 * Probes a container as Docker does: the first time after one interval; a success counts at once; failures
 * count from the end of the start period or from the first success, and `retries` in a row are unhealthy.
 * Source: Dockerfile reference, HEALTHCHECK.
 * @param probe runs words in the container: true when they end with 0 within so many milliseconds
 */
export function watchHealth(
  check: HealthCheck,
  probe: (words: readonly string[], timeout: number) => Promise<boolean>,
  changed: (health: Health) => void,
): Stop {
  const [form, ...rest] = check.command;
  const words = form === "CMD-SHELL" ? ["/bin/sh", "-c", ...rest] : rest;
  if ((form !== "CMD" && form !== "CMD-SHELL") || (rest[0] ?? "") === "") {
    throw new Error(
      `a health check must be ["CMD", program, …] or ["CMD-SHELL", line] (got ${check.command.join(" ")})`,
    );
  }
  const startedAt = Date.now();
  let counting = false;
  let failures = 0;
  let stopped = false;
  let timer: NodeJS.Timeout;

  const judge = (success: boolean): void => {
    counting ||= success || Date.now() - startedAt >= check.startPeriod * 1000;
    failures = success || !counting ? 0 : failures + 1;
    if (success) {
      changed("HEALTHY");
    } else if (failures >= check.retries) {
      changed("UNHEALTHY");
    }
  };
  const next = (): void => {
    timer = setTimeout(() => {
      void probe(words, check.timeout * 1000).then((success) => {
        if (!stopped) {
          judge(success);
          next();
        }
      });
    }, check.interval * 1000);
  };
  next();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
