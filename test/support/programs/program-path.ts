import { execFileSync } from "node:child_process";

/** The path of a program on PATH. @throws Error when there is none */
export function programPath(name: string): string {
  return execFileSync("bash", ["-c", `type -P ${name}`], { encoding: "utf8" }).trim();
}
