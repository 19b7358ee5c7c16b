import type { Config } from "../../../config/schema";
import { isComputeStack, siteOf, type Stack } from "../../terraform/stacks";
import type { ApiObject } from "./api";

/** By which runs sign in at DigitalOcean. */
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

/** What a workspace lacks that its runs need, with the remedy; `variables` are those that it has, also by sets. */
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
      `workspace ${name} lacks ${tokenName}, which its runs need: run "npx anywhere bootstrap-state" with that variable ` +
        "in the environment, or give it the workspace, or its project, yourself",
    );
  }
  // An agent may have credentials of its own, such as those of the machine that it is on.
  const own = backend.kind === "cloud" && backend.execution === "agent" && backend.runRoleArn === undefined;
  if (!own && !waysToAws.some((way) => way.every((variable) => names.includes(variable)))) {
    lines.push(
      `workspace ${name} lacks ${dynamicCredentials.auth} and ${dynamicCredentials.role}, by which its runs sign in at AWS: ` +
        `set backend.runRoleArn in ${file} and run "npx anywhere bootstrap-state", or see docs/hcp-terraform.md for other ways`,
    );
  }
  return lines;
}
