import { screenOf, type Screen } from "../../cli/report/screen";
import type { Picture } from "./picture";
import { endedStep, type EndedStep, type Text } from "./story";

/** Reports a demo's progress. */
export interface Teller {
  /** Prints lines that stay. */
  say(text: Text): void;
  /** @param next titles of the steps that follow */
  begin(title: string, next: readonly string[]): void;
  /** Shows the state of the running step. */
  show(picture: Picture): void;
  end(step: EndedStep): void;
}

/** Greatest width of lines: longer ones are hard to follow. */
const widest = 120;

/** The screen of a stream. */
export const screenFor = (stream: NodeJS.WriteStream): Screen => {
  const screen = screenOf(stream, process.env);
  return { ...screen, width: Math.min(screen.width, widest) };
};

/** Writes lines to a file or a pipe, without colours: facts once, and what a step has done once per step. */
export function plainTeller(stream: NodeJS.WriteStream): Teller {
  const screen = screenFor(stream);
  const said = new Set<string>();
  const saidInStep = new Set<string>();
  const write = (text: string): void => {
    stream.write(`${text}\n`);
  };
  return {
    say: (text) => {
      write(text(screen));
    },
    begin: (title) => {
      saidInStep.clear();
      write(`${title} …`);
    },
    show: ({ facts = [], changes = [] }) => {
      const sayOnce = (lines: readonly string[], before: Set<string>): void => {
        for (const line of lines.filter((one) => !before.has(one))) {
          before.add(line);
          write(`  ${line}`);
        }
      };
      sayOnce(changes, saidInStep);
      sayOnce(facts, said);
    },
    end: (step) => {
      write(endedStep(step, screen));
    },
  };
}
