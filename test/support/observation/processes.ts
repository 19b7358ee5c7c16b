import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/** A process as others on the computer see it: its command line all of them, its environment its own user and root. */
export interface Seen {
  readonly commandLine: string;
  readonly environment: string;
  /** Name of its program, or of the script that an interpreter runs. */
  readonly program: string;
  /** Whether it runs on a machine of the local cloud. */
  readonly onMachine: boolean;
}

/** A watch over every process of this computer. */
export interface ProcessWatch {
  /**
   * The findings so far. Processes that live for less than the time between two looks may be missed, and so may programs
   * that an older process runs in its own place for less than a second.
   */
  seen(): readonly Seen[];
  end(): void;
}

/** Milliseconds between two looks. */
const interval = 100;
/** Number of looks after which a process is looked at only once in as many: there may be hundreds that do not change. */
const young = 10;
const interpreters = ["env", "bash", "sh", "node", "python3"];

/** Looks at all processes, again and again, from now on. */
export function watchProcesses(): ProcessWatch {
  const seen = new Map<string, Seen>();
  const here = namespaceOf("self");
  let looks = new Map<string, number>();
  const look = (): void => {
    const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
    looks = new Map(pids.map((pid) => [pid, (looks.get(pid) ?? 0) + 1]));
    for (const [pid, times] of looks) {
      if (times > young && times % young !== 0) {
        continue;
      }
      const commandLine = read(pid, "cmdline");
      const key = `${pid} ${commandLine}`;
      if (commandLine === "" || seen.has(key)) {
        continue;
      }
      const namespace = namespaceOf(pid);
      // Otherwise it has ended by now, and shows nothing of the rest either.
      if (namespace !== "") {
        const program = programOf(commandLine.split("\0"));
        seen.set(key, {
          commandLine,
          environment: read(pid, "environ"),
          program,
          onMachine: namespace !== here,
        });
      }
    }
  };
  const timer = setInterval(look, interval);
  return {
    seen: () => [...seen.values()],
    end: () => {
      clearInterval(timer);
    },
  };
}

function programOf(words: readonly string[]): string {
  const [first = ""] = words;
  const named = words.slice(0, 3).find((word) => !interpreters.includes(basename(word))) ?? first;
  return basename(named.startsWith("-") ? first : named);
}

function read(pid: string, file: "cmdline" | "environ"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    // It has ended meanwhile.
    return "";
  }
}

/** Each machine has a mount namespace of its own. Empty when the process has ended, or is none of ours to look at. */
function namespaceOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return "";
  }
}
