import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { capture } from "./child-process";
import { Refusal } from "./refusal";
import { readStacks, type Stack } from "./stacks";

/** Synthesises the project into `CDKTF_OUTDIR`, cdktf.out when unset. */
export async function synthesise(variables: NodeJS.ProcessEnv): Promise<readonly Stack[]> {
  const outdir = resolve(variables["CDKTF_OUTDIR"] ?? "cdktf.out");
  // cdktf makes the folder itself, but not those above it.
  mkdirSync(outdir, { recursive: true });
  const { exitCode, stdout, stderr } = await capture({
    command: process.execPath,
    args: ["--require", "tsx/cjs", "main.ts"],
    variables: { ...variables, CDKTF_OUTDIR: outdir },
  });
  if (exitCode !== 0) {
    throw new Refusal(`Synthesis failed (exit code ${exitCode}):\n${`${stdout}${stderr}`.trim()}`);
  }
  return readStacks(outdir);
}
