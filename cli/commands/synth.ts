import { relative } from "node:path";
import { idleWarnings } from "../../config/sites/idle";
import { announceEnvironment, lockEnvironment } from "./deployment";
import { synthesise } from "../terraform/synthesis";

/** Synthesises the environment that `ANYWHERE_ENV` names, and prints each stack's folder. Needs no credentials. */
export async function synth(): Promise<number> {
  const environment = announceEnvironment(process.env);
  const lock = await lockEnvironment(environment, { name: "synth", changes: false });
  for (const warning of idleWarnings(environment)) {
    console.error(warning);
  }
  for (const { folder } of await synthesise(environment, lock, process.env)) {
    console.log(relative(process.cwd(), folder));
  }
  return 0;
}
