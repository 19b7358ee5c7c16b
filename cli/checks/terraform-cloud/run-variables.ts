import type { Config } from "../../../config/schema";
import { isComputeStack, siteOf, type Stack } from "../../terraform/stacks";
import type { ApiObject } from "./api";

/** The variable with which runs sign in at DigitalOcean. */
export const tokenName = "DIGITALOCEAN_TOKEN";

// Source: HCP Terraform, "Use dynamic credentials with the AWS provider".
export const dynamicCredentials = { auth: "TFC_AWS_PROVIDER_AUTH", role: "TFC_AWS_RUN_ROLE_ARN" } as const;

/** One of these lists of variables signs a run in at AWS. */
const waysToAws: readonly (readonly string[])[] = [
  [dynamicCredentials.auth, dynamicCredentials.role],
  [dynamicCredentials.auth, "TFC_AWS_PLAN_ROLE_ARN", "TFC_AWS_APPLY_ROLE_ARN"],
  ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
];

/** Whether runs of a stack call DigitalOcean. */
export function callsDigitalOcean(stack: Pick<Stack, "id">, { sites }: Config): boolean {
  return isComputeStack(stack) && sites[siteOf(stack)]?.kind === "digitalocean";
}

/**
 * Variables that a workspace's runs need and lack, with the remedy; `variables` are those it has, from variable sets
 * too.
 */
export function lackingVariables(
  { name, stack }: { readonly name: string; readonly stack: Pick<Stack, "id"> },
  variables: readonly ApiObject[],
  { config, file }: { readonly config: Config; readonly file: string },
): string[] {
  const names = variables.flatMap(({ attributes: { key, category } }) => (category === "env" ? [key] : []));
  const { backend } = config;
  const lines: string[] = [];
  if (callsDigitalOcean(stack, config) && !names.includes(tokenName)) {
    lines.push(
      `workspace ${name} lacks ${tokenName}, which its runs need: run "npx anywhere bootstrap-state" with this variable ` +
        "in the environment, or set it yourself on the workspace or its project",
    );
  }
  // An agent may have its own credentials, such as those of its machine.
  const own = backend.kind === "cloud" && backend.execution === "agent" && backend.runRoleArn === undefined;
  if (!own && !waysToAws.some((way) => way.every((variable) => names.includes(variable)))) {
    lines.push(
      `workspace ${name} lacks ${dynamicCredentials.auth} and ${dynamicCredentials.role}, which its runs need to sign in at AWS: ` +
        `set backend.runRoleArn in ${file} and run "npx anywhere bootstrap-state", or see docs/hcp-terraform.md for other ways`,
    );
  }
  return lines;
}
