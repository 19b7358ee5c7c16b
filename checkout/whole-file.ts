import { renameSync, writeFileSync } from "node:fs";

/** Writes a file so that readers find either the old one or the new one, complete. */
export function writeWhole(file: string, text: string): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text);
  renameSync(draft, file);
}
