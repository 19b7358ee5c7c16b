import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import type { BuildContext, ContextFile } from "../../config/services/build-context";

/**
 * Hash of a build's inputs, as 64 hexadecimal digits: the platform, and each file's path, kind and content; nothing
 * that differs between two machines or two checkouts.
 */
export function hashContext({ folder, files, dockerfileIgnored }: BuildContext, platform: string): string {
  const hash = createHash("sha256").update(JSON.stringify({ platform, dockerfileIgnored }));
  for (const { path, kind } of files) {
    const file = join(folder, path);
    const content = createHash("sha256").update(
      kind === "link" ? fs.readlinkSync(file) : fs.readFileSync(file),
    );
    hash.update(JSON.stringify({ path, kind, content: content.digest("hex") }));
  }
  return hash.digest("hex");
}

/** Creates the folder `target` from the files of a build context, with modes that don't depend on a umask. */
export function copyContext({ folder, files, dockerfileIgnored }: BuildContext, target: string): void {
  makeFolder(target);
  for (const { path, kind } of files) {
    for (const parent of parentsOf(path)) {
      makeFolder(join(target, parent));
    }
    copyFile(join(folder, path), join(target, path), kind);
  }
  if (dockerfileIgnored && !files.some(({ path }) => path === ".dockerignore")) {
    fs.writeFileSync(join(target, ".dockerignore"), "Dockerfile\n.dockerignore\n");
  }
}

/** `a/b/c` → `a`, `a/b`. */
function parentsOf(path: string): string[] {
  const names = path.split("/").slice(0, -1);
  return names.map((_, index) => names.slice(0, index + 1).join("/"));
}

function makeFolder(path: string): void {
  fs.mkdirSync(path, { recursive: true });
  fs.chmodSync(path, 0o755);
}

function copyFile(from: string, to: string, kind: ContextFile["kind"]): void {
  if (kind === "link") {
    fs.symlinkSync(fs.readlinkSync(from), to);
  } else {
    fs.copyFileSync(from, to);
    fs.chmodSync(to, kind === "executable" ? 0o755 : 0o644);
  }
}
