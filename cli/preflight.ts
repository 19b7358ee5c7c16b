import type { LoadedEnvironment } from "../config/load";
import { capture } from "./child-process";
import { awsProblems, digitalOceanProblems } from "./credentials";
import { Refusal } from "./refusal";
import { terraformBinary, terraformVariables } from "./terraform";

/**
 * Makes sure that nothing is missing that a command will need later on.
 *
 * @throws {Refusal} with everything that is missing, one line each.
 */
export async function preflight(
  { config, file }: LoadedEnvironment,
  variables: NodeJS.ProcessEnv,
): Promise<void> {
  const [terraform, aws] = await Promise.all([
    terraformProblems(terraformBinary(variables), terraformVariables(variables)),
    awsProblems(config, file, variables),
  ]);
  const problems = [...terraform, ...aws, ...digitalOceanProblems(config, variables)];
  if (problems.length > 0) {
    throw new Refusal(["Nothing was started:", ...problems.map((problem) => `- ${problem}`)].join("\n"));
  }
}

const wanted = "Terraform 1.9 or later, or OpenTofu 1.9 or later (set TERRAFORM_BINARY_NAME=tofu)";

async function terraformProblems(command: string, variables: NodeJS.ProcessEnv): Promise<string[]> {
  try {
    const { exitCode, stdout, stderr } = await capture({
      command,
      args: ["version", "-json"],
      variables,
      seconds: 10,
    });
    // Warnings about the CLI configuration may stand around the JSON.
    const [, version, major, minor] = /"terraform_version": *"((\d+)\.(\d+)[^"]*)"/.exec(stdout) ?? [];
    if (version === undefined) {
      return [
        `"${command} version" doesn't tell a version (exit code ${exitCode}) ${stderr.trim()}: install ${wanted}`,
      ];
    }
    return Number(major) * 1000 + Number(minor) >= 1009
      ? []
      : [`${command} is version ${version}: install ${wanted}`];
  } catch (error) {
    if (error instanceof Error && "code" in error) {
      return [`${command} can't be run (${String(error.code)}): install ${wanted}`];
    }
    throw error;
  }
}
