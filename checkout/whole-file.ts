import { renameSync, writeFileSync } from "node:fs";

/** Writes a file so that whoever reads it finds the old one or the new one whole. */
export function writeWhole(file: string, text: string): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text);
  renameSync(draft, file);
}
