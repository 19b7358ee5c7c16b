import { App } from "cdktf";
import type { Config } from "../config/schema";
import { buildStacks, type Circumstances } from "./build";

/**
 * Writes the Terraform JSON of every stack of the deployment into a folder.
 * @param circumstances as for {@link buildStacks}
 */
export function writeStacks(
  outdir: string,
  config: Config,
  circumstances: Partial<Circumstances> = {},
): void {
  const app = new App({ outdir, skipBackendValidation: true });
  buildStacks(app, config, circumstances);
  app.synth();
}
