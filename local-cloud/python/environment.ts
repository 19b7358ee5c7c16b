import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

/** A private virtual environment with moto and the AWS CLI. */
export interface Python {
  /** The interpreter. */
  readonly python: string;
  /** The AWS CLI. */
  readonly aws: string;
  /** The folder with the AWS service models. */
  readonly botocoreData: string;
}

const requirements = join(__dirname, "requirements.txt");
const remedy =
  "Install Python 3.10 or newer with its venv module (Debian and Ubuntu: apt-get install python3 python3-venv).";
/** Seconds that downloading and installing the packages may take. */
const buildTimeout = 600;

/**
 * Makes `<directory>/venv` from requirements.txt with the machine's python3, or finds it complete. An incomplete
 * folder, or one made from other requirements, is made again; several processes may ask for it at once. Takes about 30
 * s the first time.
 * @param tell receives the progress, line by line
 * @throws Error of one line when python3 is missing, older than 3.10 or has no venv module, or with
 * the end of pip's output when the packages can't be installed.
 */
export async function ensurePython(
  directory: string,
  tell: (line: string) => void = () => undefined,
): Promise<Python> {
  const folder = join(directory, "venv");
  const stamp = createHash("sha256")
    .update(await readFile(requirements))
    .digest("hex");
  if (!(await isComplete(folder, stamp))) {
    await checkPython();
    await build(folder, stamp, tell);
  }
  return describe(folder);
}

async function isComplete(folder: string, stamp: string): Promise<boolean> {
  try {
    // The interpreter is a link to the machine's, which an upgrade may have taken away.
    await access(join(folder, "bin", "python"), constants.X_OK);
    return (await readFile(join(folder, "stamp"), "utf8")) === stamp;
  } catch {
    return false;
  }
}

async function checkPython(): Promise<void> {
  const script =
    "import sys, importlib.util as u; print('%d.%d' % sys.version_info[:2], all(map(u.find_spec, ('venv', 'ensurepip'))))";
  let answer: string;
  try {
    answer = (
      await promisify(execFile)("python3", ["-I", "-c", script], { timeout: 30_000, env: pipEnvironment() })
    ).stdout.trim();
  } catch (error) {
    const found =
      typeof error === "object" && error !== null && "code" in error && error.code === "ENOENT"
        ? "is not on the PATH"
        : "does not run";
    throw new Error(`python3 ${found}. ${remedy}`, { cause: error });
  }
  const [version = "", modules] = answer.split(" ");
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < 3 || (major === 3 && minor < 10)) {
    throw new Error(`python3 is version ${version}. ${remedy}`);
  }
  if (modules !== "True") {
    throw new Error(`python3 (version ${version}) has no venv module. ${remedy}`);
  }
}

/** The environment of pip: keeps settings of where packages come from, not of where they go. */
function pipEnvironment(): NodeJS.ProcessEnv {
  const elsewhere =
    /^(PYTHON.*|VIRTUAL_ENV|PIP_(TARGET|PREFIX|ROOT|REQUIREMENT|CONSTRAINT|REQUIRE_VIRTUALENV|PYTHON|DRY_RUN))$/;
  const kept = Object.entries(process.env).filter(([name]) => !elsewhere.test(name));
  return { ...Object.fromEntries(kept), PIP_USER: "0", PIP_DISABLE_PIP_VERSION_CHECK: "1" };
}

/** pip's lines about a package that it has found, or about the final installation. */
const pipProgress = /^(Collecting \S+|Installing collected packages)/;

async function build(folder: string, stamp: string, tell: (line: string) => void): Promise<void> {
  const start = performance.now();
  tell(`Installing Python packages for the local cloud, only this once, into ${folder}`);
  const script = join(__dirname, "make-environment.py");
  const child = spawn("python3", ["-I", script, folder, requirements, stamp], {
    env: pipEnvironment(),
    // The open pipe on standard input tells the script that this process lives.
    stdio: ["pipe", "ignore", "pipe"],
    timeout: buildTimeout * 1000,
  });
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output = (output + text).slice(-2000);
  });
  createInterface({ input: child.stderr }).on("line", (line) => {
    const [found] = pipProgress.exec(line) ?? [];
    if (found !== undefined) {
      tell(`Python packages, ${Math.round((performance.now() - start) / 1000)} s: ${found}`);
    }
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (status !== 0) {
    const reason = status === null ? `did not end within ${buildTimeout} s` : "failed";
    throw new Error(`Making the virtual environment ${folder} ${reason}: ${output.trim()}`);
  }
}

async function describe(folder: string): Promise<Python> {
  const python = join(folder, "bin", "python");
  const config = await readFile(join(folder, "pyvenv.cfg"), "utf8");
  const version = /^version\s*=\s*(\d+\.\d+)/m.exec(config)?.[1];
  if (version === undefined) {
    throw new Error(`${folder}/pyvenv.cfg names no version: remove ${folder} and run again`);
  }
  const packages = join(folder, "lib", `python${version}`, "site-packages");
  return { python, aws: join(folder, "bin", "aws"), botocoreData: join(packages, "botocore", "data") };
}
