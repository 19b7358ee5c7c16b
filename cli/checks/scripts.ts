import { executionOf } from "../../config/backend-rules";
import type { Check } from "./check";
import { versionProblems, type Requirement } from "./program";
import { runsScripts } from "./synthesised";

export const bash: Requirement = {
  command: "bash",
  args: ["-c", 'echo "$BASH_VERSION"'],
  pattern: /^((\d+)\.(\d+)\S*)/,
  oldest: { 3: 2 },
  wanted: "bash 3.2 or later, which the scripts that Terraform runs are written for",
};

/** The program that calls AWS from scripts. */
export const awsCli: Requirement = {
  command: "aws",
  args: ["--version"],
  pattern: /aws-cli\/((\d+)\.(\d+)\S*)/,
  // The first with standard retries, `ecr get-login-password` and the state of an ECS roll-out are 1.18.181 and 2.1.4.
  oldest: { 1: 19, 2: 2 },
  wanted:
    "the AWS CLI 2.2 or later (https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html), " +
    "or 1.19 or later (pip install awscli)",
};

/**
 * Whether the programs that the stacks' scripts need are installed. A plan needs none, and HCP Terraform runs none of
 * them here.
 */
export const scriptProblems: Check = async (undertaking) => {
  const { command, selected, environment } = undertaking;
  const isElsewhere = executionOf(environment.config.backend) !== "local";
  if (command === "diff" || isElsewhere || !selected.some(runsScripts)) {
    return [];
  }
  const problems = await Promise.all([bash, awsCli].map((program) => versionProblems(program, undertaking)));
  return problems.flat();
};
