import { basename } from "node:path";
import type { Config } from "../../config/schema";
import { terraformBinary, terraformVariables } from "../terraform/terraform";
import type { Check } from "./check";
import { versionProblems, type Requirement } from "./program";

/** Whether Terraform or OpenTofu is installed and new enough for the backend. */
export const terraformProblems: Check = ({ environment: { config }, variables, notice }) =>
  versionProblems(terraformOf(config, variables), { variables: terraformVariables(variables), notice });

/** The Terraform, or OpenTofu, that an environment needs. */
export function terraformOf({ backend }: Config, variables: NodeJS.ProcessEnv): Requirement {
  const command = terraformBinary(variables);
  // Both added `use_lockfile` in 1.10; OpenTofu is tested from that version on.
  const [minor, reason] =
    backend.kind === "s3" ? [10, ", which backend s3 needs to lock its states"] : [9, ""];
  const isTofu = isOpenTofu(command);
  return {
    command,
    args: ["version", "-json"],
    // Both use this name. Warnings about the CLI configuration may surround the JSON.
    pattern: /"terraform_version": *"((\d+)\.(\d+)[^"]*)"/,
    oldest: { 1: isTofu ? 10 : minor },
    wanted: isTofu
      ? "OpenTofu 1.10 or later"
      : `Terraform 1.${minor} or later, or OpenTofu 1.10 or later (set TERRAFORM_BINARY_NAME=tofu)${reason}`,
  };
}

/** Whether this name or path of Terraform is OpenTofu's. */
export const isOpenTofu = (command: string): boolean => basename(command).includes("tofu");
