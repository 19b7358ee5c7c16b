import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Bind } from "./disk";

/** A Python 3: where it is on this computer, and where a machine finds it. */
export interface Interpreter {
  readonly outside: string;
  readonly inside: string;
  readonly binds: readonly Bind[];
}

const describe =
  "import os, sys; print(os.path.realpath(sys.base_prefix), 'python%d.%d' % sys.version_info[:2], sep='\\n')";

/** Finds the real interpreter of a Python program, which may be in a virtual environment. */
export async function findInterpreter(python: string): Promise<Interpreter> {
  const { stdout } = await promisify(execFile)(python, ["-I", "-S", "-c", describe]);
  const [prefix = "", name = ""] = stdout.trim().split("\n");
  const program = join(prefix, "bin", name);
  if (prefix === "/usr") {
    return { outside: program, inside: program, binds: [] };
  }
  const target = "/run/anywhere/python";
  return {
    outside: program,
    inside: join(target, "bin", name),
    binds: [{ mode: "ro", source: prefix, target }],
  };
}
