import { lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import dockerignore from "@balena/dockerignore";

/** The files that an image is built from. */
export interface BuildContext {
  /** Absolute. */
  readonly folder: string;
  /** The files that .dockerignore doesn't exclude, and always the Dockerfile; sorted by path. */
  readonly files: readonly ContextFile[];
  /** Whether .dockerignore keeps the Dockerfile out: then it says how to build, but can't be copied into the image. */
  readonly dockerfileIgnored: boolean;
  /** Whether .dockerignore lets a file through, which may come to be at this path within the context. */
  readonly passes: (path: string) => boolean;
}

export interface ContextFile {
  /** Within the context, with `/`. */
  readonly path: string;
  readonly kind: "file" | "executable" | "link";
}

const dockerfile = "Dockerfile";
const ignoreFile = ".dockerignore";

/** The build context in a folder, absolute or relative to the working directory. Empty folders are left out. */
export function readBuildContext(build: string): BuildContext {
  const folder = resolve(build);
  const rules = rulesOf(folder);
  const passes = dockerignore({ ignorecase: false }).add(rules).createFilter();
  // A rule with ! may let through what is in a folder that is ignored.
  const enters = /^\s*!/m.test(rules) ? () => true : passes;
  const files = walk(folder, enters).filter((path) => path === dockerfile || passes(path));
  return {
    folder,
    files: files.sort((a, b) => (a < b ? -1 : 1)).map((path) => ({ path, kind: kindOf(join(folder, path)) })),
    dockerfileIgnored: !passes(dockerfile),
    passes,
  };
}

/** Why an image can't be built from this folder; reads on after the setting's path. Undefined when it can. */
export function buildContextProblem(build: string): string | undefined {
  const folder = resolve(build);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return "names no folder: give the folder that holds the Dockerfile, relative to the project's root";
  }
  if (statSync(join(folder, dockerfile), { throwIfNoEntry: false })?.isFile() !== true) {
    return "is a folder without a Dockerfile: add one, or name an image that is built elsewhere in the service or job";
  }
  // Only rules can leave nothing over: without any the folder need not be walked.
  const isOwn = ({ path }: ContextFile) => path !== dockerfile && path !== ignoreFile;
  return rulesOf(folder) !== "" && !readBuildContext(build).files.some(isOwn)
    ? "is an empty build context: its .dockerignore lets nothing through but the Dockerfile; let the image's files pass"
    : undefined;
}

function rulesOf(folder: string): string {
  const file = join(folder, ignoreFile);
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true
    ? readFileSync(file, "utf8").replace(/^\uFEFF/, "")
    : "";
}

/** Paths of all that is no folder, below a folder, except in those that are not entered. */
function walk(folder: string, enters: (path: string) => boolean, within = ""): string[] {
  return readdirSync(join(folder, within), { withFileTypes: true }).flatMap((entry) => {
    const path = within === "" ? entry.name : `${within}/${entry.name}`;
    if (!entry.isDirectory()) {
      // Docker leaves sockets out, too.
      return entry.isFile() || entry.isSymbolicLink() ? [path] : [];
    }
    return enters(path) ? walk(folder, enters, path) : [];
  });
}

function kindOf(path: string): ContextFile["kind"] {
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) {
    return "link";
  }
  return (stats.mode & 0o100) === 0 ? "file" : "executable";
}
