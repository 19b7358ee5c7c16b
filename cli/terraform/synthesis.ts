import { lockVariable, type DeploymentLock } from "../../checkout/lock";
import { outputFolder } from "../../checkout/output-folder";
import type { LoadedEnvironment } from "../../config/load";
import { capture } from "./child-process";
import { Refusal } from "../refusals/refusal";
import { readStacks, type Stack } from "./stacks";
import { app } from "../../cdktf.json";

/** How Node.js runs main.ts, as cdktf.json says it for CDKTF. */
export const synthesisArguments: readonly string[] = app.split(" ").slice(1);

/** Synthesises an environment, which is the one that `variables` name and that is locked, into its output folder. */
export async function synthesise(
  environment: LoadedEnvironment,
  lock: DeploymentLock,
  variables: NodeJS.ProcessEnv,
): Promise<readonly Stack[]> {
  const outdir = outputFolder(variables, environment);
  const { exitCode, stdout, stderr } = await capture({
    command: process.execPath,
    args: synthesisArguments,
    // It makes no requests, and Node.js would parse these certificates at its start, which can take 0.1 s.
    variables: { ...variables, NODE_EXTRA_CA_CERTS: undefined, [lockVariable]: lock.id },
  });
  if (exitCode !== 0) {
    throw new Refusal(`Synthesis failed (exit code ${exitCode}):\n${`${stdout}${stderr}`.trim()}`);
  }
  return readStacks(outdir);
}
