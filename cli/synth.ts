import { relative } from "node:path";
import { loadEnvironment } from "../config/load";
import { synthesise } from "./synthesis";

/** Synthesises the environment that `ANYWHERE_ENV` names, and tells where each stack lies. Needs no credentials. */
export async function synth(): Promise<number> {
  const { name, file } = loadEnvironment(process.env);
  console.error(`environment: ${name} (${file})`);
  for (const { folder } of await synthesise(process.env)) {
    console.log(relative(process.cwd(), folder));
  }
  return 0;
}
