import { createSign, generateKeyPairSync, randomUUID, type KeyObject } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../environment";
import type { Account } from "../state/account";
import type { Run } from "./run";

/** Signs the tokens with which runs identify themselves. */
export interface Identity {
  /** An RS256 signature in Base64url. */
  readonly sign: (text: string) => string;
}

export function createIdentity(): Identity {
  // A quarter of a second's work, and few clouds sign anything.
  let key: KeyObject | undefined;
  return {
    sign: (text) => {
      key ??= generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
      return createSign("RSA-SHA256").update(text).sign(key, "base64url");
    },
  };
}

/** The run whose identity is requested. */
export interface Subject {
  readonly account: Account;
  readonly run: Run;
  readonly phase: "plan" | "apply";
  readonly home: string;
  /** Variables of the workspace. */
  readonly own: Environment;
}

/** Source: HCP Terraform, "Use dynamic credentials with the AWS provider": none unless the workspace asks for them. */
export function identityVariables(subject: Subject, identity: Identity): Environment {
  const { own, phase, home } = subject;
  if (own["TFC_AWS_PROVIDER_AUTH"] !== "true") {
    return {};
  }
  const role = own[`TFC_AWS_${phase.toUpperCase()}_ROLE_ARN`] ?? own["TFC_AWS_RUN_ROLE_ARN"];
  if (role === undefined) {
    throw new Error(
      "TFC_AWS_PROVIDER_AUTH is set, but neither TFC_AWS_RUN_ROLE_ARN nor a role of this phase",
    );
  }
  const file = join(home, "aws-token");
  writeFileSync(file, tokenFor(subject, identity), { mode: 0o600 });
  return { AWS_ROLE_ARN: role, AWS_WEB_IDENTITY_TOKEN_FILE: file };
}

/** Source: HCP Terraform, "Workload Identity", Token Structure. */
function tokenFor({ account, run, phase, own }: Subject, { sign }: Identity): string {
  const now = Math.floor(Date.now() / 1000);
  const { workspace } = run;
  const project = workspace.project.name;
  const claims = {
    jti: randomUUID(),
    iss: account.origin,
    aud: own["TFC_AWS_WORKLOAD_IDENTITY_AUDIENCE"] ?? "aws.workload.identity",
    iat: now,
    nbf: now,
    exp: now + 2 * 60 * 60,
    sub: `organization:${account.organisation}:project:${project}:workspace:${workspace.name}:run_phase:${phase}`,
    terraform_organization_name: account.organisation,
    terraform_project_name: project,
    terraform_workspace_id: workspace.id,
    terraform_workspace_name: workspace.name,
    terraform_run_id: run.id,
    terraform_run_phase: phase,
  };
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ typ: "JWT", alg: "RS256", kid: "local-cloud" })}.${part(claims)}`;
  return `${signed}.${sign(signed)}`;
}
