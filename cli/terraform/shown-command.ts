import { relative } from "node:path";

/** Terraform in a folder, as its user can type it where our command was started. */
export function terraformIn(folder: string, command: string): string {
  return `${word(command)} -chdir=${shownPath(folder)}`;
}

/** An absolute path as a word of a command that is typed there. */
export function shownPath(path: string): string {
  return word(relative(process.env["ANYWHERE_STARTED_IN"] ?? process.cwd(), path));
}

/** A word of a shell's command line. */
function word(text: string): string {
  return /^[\w./@%+=:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
