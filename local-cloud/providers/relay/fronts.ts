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
  /** Ends the present one, if there is one, as failed, and lets no other begin. */
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

/** Milliseconds between two looks whether the watched process, which may be killed, is still there. */
const watchPeriod = 250;

/**
 * Serves fronts until the watched process has ended; then removes the folder, and ends this process.
 * @param line how a plugin tells Terraform where it listens
 */
export function serveFronts({ folder, watched }: Meeting, line: string): Fronts {
  const free = join(folder, "free");
  let hasFailed = false;

  const tell = (word: string): void => {
    try {
      const front = readFileSync(join(folder, "front"), "utf8").trim();
      const fifo = openSync(join(folder, front), constants.O_WRONLY | constants.O_NONBLOCK);
      writeSync(fifo, `${word}\n`);
      closeSync(fifo);
    } catch {
      // It has been killed: it opens its FIFO before anything else.
    }
  };

  setInterval(() => {
    if (!isRunning(watched)) {
      // Its front may have outlived a Terraform that was killed.
      tell("ended");
      rmSync(folder, { recursive: true, force: true });
      process.exit();
    }
  }, watchPeriod);
  writeFileSync(join(folder, "line"), `${line}\n`);
  tell("listening");
  return {
    next: () => {
      tell("shutdown");
      if (!hasFailed) {
        // All at once, for a front that looks meanwhile.
        writeFileSync(`${free}.new`, String(process.pid));
        renameSync(`${free}.new`, free);
      }
    },
    fail: () => {
      hasFailed = true;
      rmSync(free, { force: true });
      tell("failed");
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
