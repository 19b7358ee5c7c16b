import type { Screen } from "../../cli/report/screen";

/** The state of something at a moment, for its observers. */
export interface Picture {
  /** For a terminal, on which the next one replaces it. */
  readonly draw: (screen: Screen) => string;
  /** The same in lines, for output that can't be replaced: facts, each printed once. */
  readonly facts?: readonly string[];
  /** And what the step has done, each printed once per step. */
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
