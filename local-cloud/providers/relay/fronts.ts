import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/** The processes that Terraform starts as its provider, one after the other, in front of one relay. See front.sh. */
export interface Fronts {
  /** Ends the present one in order, and lets another begin. */
  next(): void;
  /** Ends the present one as failed, if there is one, and lets no other begin. */
  fail(): void;
}

/** Where fronts and their relay meet. */
export interface Meeting {
  /**
   * `front` names the one that is present, which waits at the FIFO of that name for word; `line` is what it tells
   * Terraform; `free` is there while none is present, and names the relay's process.
   */
  readonly folder: string;
  /** The process that the relay ends with: Terraform, or the only front. */
  readonly watched: number;
}

/** Milliseconds between two attempts to reach a front that doesn't wait yet, and how many there are. */
const retry = { pause: 20, attempts: 250 };

/** Milliseconds between two looks whether the watched process, which may be killed, is still there. */
const watchPeriod = 250;

/**
 * Serves fronts until the watched process has ended; then removes the folder, and ends this process.
 * @param line how a plugin tells Terraform where it listens
 */
export function serveFronts({ folder, watched }: Meeting, line: string): Fronts {
  const free = join(folder, "free");
  let isPresent = true;
  let hasFailed = false;

  const end = (): never => {
    rmSync(folder, { recursive: true, force: true });
    process.exit();
  };
  const tell = (word: string, then: () => void = () => undefined, attempt = 1): void => {
    try {
      const front = readFileSync(join(folder, "front"), "utf8").trim();
      const fifo = openSync(join(folder, front), constants.O_WRONLY | constants.O_NONBLOCK);
      writeSync(fifo, `${word}\n`);
      closeSync(fifo);
    } catch {
      if (attempt < retry.attempts) {
        setTimeout(tell, retry.pause, word, then, attempt + 1);
        return;
      }
    }
    then();
  };
  const beFree = (): void => {
    isPresent = false;
    if (!hasFailed) {
      // All at once, for a front that looks meanwhile.
      writeFileSync(`${free}.new`, String(process.pid));
      renameSync(`${free}.new`, free);
    }
  };

  setInterval(() => {
    if (!isRunning(watched)) {
      end();
    }
  }, watchPeriod);
  writeFileSync(join(folder, "line"), `${line}\n`);
  tell("listening");
  return {
    next: () => {
      tell("shutdown", beFree);
    },
    fail: () => {
      if (hasFailed) {
        return;
      }
      hasFailed = true;
      rmSync(free, { force: true });
      if (isPresent) {
        tell("failed");
      }
    },
  };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
