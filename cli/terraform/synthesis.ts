import { lockVariable, type DeploymentLock } from "../../checkout/lock";
import { outputFolder } from "../../checkout/output-folder";
import type { LoadedEnvironment } from "../../config/load";
import { capture } from "./child-process";
import { Refusal } from "../refusals/refusal";
import { readStacks, type Stack } from "./stacks";

/** Synthesises an environment, which is the one that `variables` name and that is locked, into its output folder. */
export async function synthesise(
  environment: LoadedEnvironment,
  lock: DeploymentLock,
  variables: NodeJS.ProcessEnv,
): Promise<readonly Stack[]> {
  const outdir = outputFolder(variables, environment);
  const { exitCode, stdout, stderr } = await capture({
    command: process.execPath,
    args: ["--require", "tsx/cjs", "main.ts"],
    variables: { ...variables, [lockVariable]: lock.id },
  });
  if (exitCode !== 0) {
    throw new Refusal(`Synthesis failed (exit code ${exitCode}):\n${`${stdout}${stderr}`.trim()}`);
  }
  return readStacks(outdir);
}
