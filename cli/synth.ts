import { relative } from "node:path";
import { loadEnvironment } from "../config/load";
import { synthesise } from "./synthesis";

/** Synthesises the environment that `ANYWHERE_ENV` names, and tells where each stack lies. Needs no credentials. */
export async function synth(): Promise<number> {
  const environment = loadEnvironment(process.env);
  console.error(`environment: ${environment.name} (${environment.file})`);
  for (const { folder } of await synthesise(environment, process.env)) {
    console.log(relative(process.cwd(), folder));
  }
  return 0;
}
