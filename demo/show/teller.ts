import { createLogUpdate } from "log-update";
import { screenOf, type Screen } from "../../cli/report/screen";
import type { Picture } from "./picture";
import { endedStep, runningStep, type EndedStep, type Text } from "./story";

/** Tells somebody how a demo goes. */
export interface Teller {
  /** Says what stays. */
  say(text: Text): void;
  /** @param next titles of the steps that follow */
  begin(title: string, next: readonly string[]): void;
  /** Shows how the step stands that runs. */
  show(picture: Picture): void;
  end(step: EndedStep): void;
}

/** Milliseconds between two frames: a step's seconds go on where nothing else changes. */
const framePeriod = 250;

/** Columns of lines at most: longer ones are hard to follow. */
const widest = 120;

const screenFor = (stream: NodeJS.WriteStream): Screen => {
  const screen = screenOf(stream, process.env);
  return { ...screen, width: Math.min(screen.width, widest) };
};

/** Keeps the step that runs, and those that follow, in the last lines of a terminal. */
export function terminalTeller(stream: NodeJS.WriteStream): Teller {
  const update = createLogUpdate(stream);
  let frames: NodeJS.Timeout | undefined;
  let current:
    { title: string; start: number; picture: Picture | undefined; next: readonly string[] } | undefined;
  const draw = (): void => {
    if (current !== undefined) {
      const seconds = Math.floor((performance.now() - current.start) / 1000);
      update(runningStep({ ...current, seconds }, screenFor(stream)));
    }
  };
  const say = (text: Text): void => {
    update.clear();
    stream.write(`${text(screenFor(stream))}\n`);
    draw();
  };
  return {
    say,
    begin: (title, next) => {
      current = { title, start: performance.now(), picture: undefined, next };
      frames = setInterval(draw, framePeriod);
      draw();
    },
    show: (picture) => {
      if (current !== undefined) {
        current = { ...current, picture };
        draw();
      }
    },
    end: (step) => {
      clearInterval(frames);
      current = undefined;
      say((screen) => endedStep(step, screen));
      update.done();
    },
  };
}

/** Writes lines to a file or a pipe, each once, without colours. */
export function plainTeller(stream: NodeJS.WriteStream): Teller {
  const screen = screenFor(stream);
  const said = new Set<string>();
  const write = (text: string): void => {
    stream.write(`${text}\n`);
  };
  return {
    say: (text) => {
      write(text(screen));
    },
    begin: (title) => {
      said.clear();
      write(`${title} …`);
    },
    show: ({ facts }) => {
      for (const fact of facts.filter((one) => !said.has(one))) {
        said.add(fact);
        write(`  ${fact}`);
      }
    },
    end: (step) => {
      write(endedStep(step, screen));
    },
  };
}

/** Collects what stays, as a terminal of this width shows it. */
export function recordingTeller(columns: number): Teller & { readonly text: () => string } {
  const screen = screenOf({ isTTY: true, columns }, {});
  const parts: string[] = [];
  return {
    say: (text) => {
      parts.push(text(screen));
    },
    begin: () => undefined,
    show: () => undefined,
    end: (step) => {
      parts.push(endedStep(step, screen));
    },
    text: () => `${parts.join("\n")}\n`,
  };
}

/** Tells several at once. */
export function tellAll(tellers: readonly Teller[]): Teller {
  const each = (tell: (teller: Teller) => void): void => {
    tellers.forEach(tell);
  };
  return {
    say: (text) => {
      each((teller) => {
        teller.say(text);
      });
    },
    begin: (title, next) => {
      each((teller) => {
        teller.begin(title, next);
      });
    },
    show: (picture) => {
      each((teller) => {
        teller.show(picture);
      });
    },
    end: (step) => {
      each((teller) => {
        teller.end(step);
      });
    },
  };
}
