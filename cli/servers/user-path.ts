import { resolve } from "node:path";

/** The path of a file named on the command line, relative to the folder in which the command was started. */
export const userPath = (file: string): string =>
  resolve(process.env["ANYWHERE_STARTED_IN"] ?? process.cwd(), file);
