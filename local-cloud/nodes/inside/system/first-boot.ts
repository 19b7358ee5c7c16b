import { spawn } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { constants } from "node:os";

const instance = "/var/lib/cloud/instance";
const semaphore = `${instance}/sem/config_scripts_user`;
/** Where the machine's maker puts the user-data. */
const script = `${instance}/scripts/part-001`;

/** How a run of user-data ended. */
export interface UserDataEnd {
  readonly exitCode: number;
  /** The last line that it printed. */
  readonly line: string;
}

/** True until user-data has been started once. */
export function isFirstBoot(): boolean {
  return !existsSync(semaphore);
}

/**
 * Runs user-data as cloud-init does: once in a machine's life, as root, without a HOME, without input; its output goes
 * through one pipe, so in its order, to the console and to /var/log/cloud-init-output.log.
 * Source: `output` of Ubuntu's cloud.cfg.
 */
export function runUserData(): Promise<UserDataEnd> {
  mkdirSync(`${instance}/sem`, { recursive: true });
  writeFileSync(semaphore, "");
  const record = createWriteStream("/var/log/cloud-init-output.log", { flags: "a", mode: 0o640 });
  const child = spawn("/bin/sh", ["-c", 'exec "$0" 2>&1', script], {
    cwd: "/",
    env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let line = "";
  let rest = "";
  const print = (chunk: Buffer): void => {
    process.stderr.write(chunk);
    record.write(chunk);
    const lines = (rest + chunk.toString("utf8")).split("\n");
    rest = lines.pop() ?? "";
    line = lines.findLast((each) => each.trim() !== "") ?? line;
  };
  child.stdout.on("data", print);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      record.end();
      resolve({
        exitCode: code ?? 128 + (signal === null ? 0 : constants.signals[signal]),
        line: (rest.trim() === "" ? line : rest).trim(),
      });
    });
  });
}
