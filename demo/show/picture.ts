import type { Screen } from "../../cli/report/screen";

/** How something stands at a moment, for who follows it. */
export interface Picture {
  /** For a terminal, on which the next one takes its place. */
  readonly draw: (screen: Screen) => string;
  /** The same in lines, for where nothing can be replaced: what holds, of which each is said once. */
  readonly facts?: readonly string[];
  /** And what the step has done, of which each is said once in each step. */
  readonly changes?: readonly string[];
}

/** Pictures below each other; those that show nothing yet are left out. */
export function together(pictures: readonly Picture[]): Picture {
  return {
    draw: (screen) =>
      pictures
        .map((picture) => picture.draw(screen))
        .filter((text) => text !== "")
        .join("\n"),
    facts: pictures.flatMap(({ facts = [] }) => facts),
    changes: pictures.flatMap(({ changes = [] }) => changes),
  };
}
