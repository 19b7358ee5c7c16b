import type { Screen } from "../../cli/report/screen";

/** How something stands at a moment, for who follows it. */
export interface Picture {
  /** For a terminal, on which the next one takes its place. */
  readonly draw: (screen: Screen) => string;
  /** The same in lines, for where nothing can be replaced: each is said when it first comes up. */
  readonly facts: readonly string[];
}

/** Pictures below each other; those that show nothing yet are left out. */
export function together(pictures: readonly Picture[]): Picture {
  return {
    draw: (screen) =>
      pictures
        .map((picture) => picture.draw(screen))
        .filter((text) => text !== "")
        .join("\n"),
    facts: pictures.flatMap(({ facts }) => facts),
  };
}
