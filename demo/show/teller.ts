import { createLogUpdate } from "log-update";
import { screenOf } from "../../cli/report/screen";
import type { Picture } from "./picture";
import { screenFor, type Teller } from "./plain-teller";
import { endedStep, runningStep, type Text } from "./story";

/** Milliseconds between two frames: a step's seconds must advance even if nothing else changes. */
const framePeriod = 250;

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

/** Collects the lines that stay, as a terminal of this width shows them. */
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

/** Passes everything on to several tellers. */
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
