import { execFile } from "node:child_process";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import type { Bind } from "./disk";

/** A Python 3: where it is on this computer, and where a machine finds it. */
export interface Interpreter {
  readonly outside: string;
  readonly inside: string;
  readonly binds: readonly Bind[];
}

const describe = "import os, sys; print(os.path.realpath(sys.executable), sys.base_prefix, sep='\\n')";

/** Finds what a Python program, maybe of a virtual environment, really is. */
export async function findInterpreter(python: string): Promise<Interpreter> {
  const { stdout } = await promisify(execFile)(python, ["-I", "-S", "-c", describe]);
  const [program = "", prefix = ""] = stdout.trim().split("\n");
  if (prefix === "/usr") {
    return { outside: program, inside: program, binds: [] };
  }
  const target = "/run/anywhere/python";
  return {
    outside: program,
    inside: join(target, relative(prefix, program)),
    binds: [{ mode: "ro", source: prefix, target }],
  };
}
