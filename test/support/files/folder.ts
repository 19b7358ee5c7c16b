import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A file: its content, and whether it is executable or a symbolic link to what it holds. */
type File = string | { readonly executable: string } | { readonly link: string };

/** Files by path. */
export type Files = Readonly<Record<string, File>>;

/** Writes files into a folder, in this order. */
export function writeFiles(folder: string, files: Files): void {
  for (const [path, file] of Object.entries(files)) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    rmSync(target, { force: true });
    if (typeof file === "string") {
      writeFileSync(target, file);
    } else if ("link" in file) {
      symlinkSync(file.link, target);
    } else {
      writeFileSync(target, file.executable);
      chmodSync(target, 0o755);
    }
  }
}

/** Makes a new folder with these files, and hands it to `use`; it is gone afterwards. */
export function withFolder<T>(files: Files, use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "folder-"));
  try {
    writeFiles(folder, files);
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
