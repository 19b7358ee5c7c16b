import { lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import dockerignore from "@balena/dockerignore";

/** The files that an image is built from. */
export interface BuildContext {
  /** Absolute. */
  readonly folder: string;
  /** The files that .dockerignore doesn't exclude, and always the Dockerfile; sorted by path. */
  readonly files: readonly ContextFile[];
  /** Whether .dockerignore excludes the Dockerfile: Docker still builds with it, but can't copy it into the image. */
  readonly dockerfileIgnored: boolean;
  /** Whether .dockerignore includes a file that may later be created at this path within the context. */
  readonly passes: (path: string) => boolean;
}

export interface ContextFile {
  /** Path within the context, with `/` as separator. */
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
  // A rule with ! may include a file of an ignored folder.
  const enters = /^\s*!/m.test(rules) ? () => true : passes;
  const files = walk(folder, enters).filter((path) => path === dockerfile || passes(path));
  return {
    folder,
    files: files.sort((a, b) => (a < b ? -1 : 1)).map((path) => ({ path, kind: kindOf(join(folder, path)) })),
    dockerfileIgnored: !passes(dockerfile),
    passes,
  };
}

/** Why an image can't be built from this folder, to follow the setting's path in a message. Undefined when it can. */
export function buildContextProblem(build: string): string | undefined {
  try {
    return problemWith(resolve(build), build);
  } catch (error) {
    return unreadable(error);
  }
}

/** The same for a context that can't be read, as Docker couldn't either. */
export function unreadable(error: unknown): string {
  return `can't be read (${(error as Error).message}): make it readable, or list it in .dockerignore`;
}

function problemWith(folder: string, build: string): string | undefined {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return "is not a folder: give the folder of the Dockerfile, relative to the project's root";
  }
  if (statSync(join(folder, dockerfile), { throwIfNoEntry: false })?.isFile() !== true) {
    return "has no Dockerfile: add one, or use an image that is built elsewhere in the service or job";
  }
  // Only rules can exclude everything: without any there is no need to walk the folder.
  const isOwn = ({ path }: ContextFile) => path !== dockerfile && path !== ignoreFile;
  return rulesOf(folder) !== "" && !readBuildContext(build).files.some(isOwn)
    ? "is an empty build context: its .dockerignore excludes everything but the Dockerfile; include the image's files"
    : undefined;
}

function rulesOf(folder: string): string {
  const file = join(folder, ignoreFile);
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true
    ? readFileSync(file, "utf8").replace(/^\uFEFF/, "")
    : "";
}

/** Paths of everything below a folder that isn't a folder itself; folders that are skipped are not entered. */
function walk(folder: string, enters: (path: string) => boolean, within = ""): string[] {
  return readdirSync(join(folder, within), { withFileTypes: true }).flatMap((entry) => {
    const path = within === "" ? entry.name : `${within}/${entry.name}`;
    if (!entry.isDirectory()) {
      // Docker excludes sockets, too.
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
