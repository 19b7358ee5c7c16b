import type { LoadProgress } from "../../local-cloud/load/load";
import type { Picture } from "./picture";

/** `1,234`, as in English. */
export const number = (value: number): string => value.toLocaleString("en");

/** How many requests have come in, how fast, and how many failed. Its line changes all the time: a failure is a change. */
export function loadPicture(progress: LoadProgress | undefined): Picture {
  if (progress === undefined) {
    return { draw: () => "" };
  }
  const { requests, failed, rate } = progress;
  return {
    draw: ({ good, bad, title }) =>
      `${title(number(requests))} requests, ${title(String(Math.round(rate)))} a second, ` +
      (failed === 0 ? good("0 failed") : bad(`${number(failed)} failed`)),
    changes: failed === 0 ? [] : [`${number(failed)} of ${number(requests)} requests failed`],
  };
}
