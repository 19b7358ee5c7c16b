import type { EvaluationResult, IAMClient } from "@aws-sdk/client-iam";
import { ask, clientSettings, reasonOf } from "../aws/client";
import { checkSeconds, type Undertaking } from "../checks/check";
import type { Finding } from "../report/schemas/doctor-report";
import { actionsOf } from "./actions";
import { findings } from "./findings";

const about = "AWS permissions";

/**
 * Whether the caller has the permissions that a deployment needs, as far as IAM can say: IAM simulates the caller's
 * policies without doing anything. An action allowed only for some resources counts as not allowed here, so it is a
 * warning.
 */
export async function permissionFindings(
  arn: string,
  { environment: { config }, deadline }: Pick<Undertaking, "environment" | "deadline">,
): Promise<Finding[]> {
  if (arn.endsWith(":root")) {
    return findings(about, {}, "the account's root user, who may do everything: use a role instead");
  }
  const { IAMClient } = await import("@aws-sdk/client-iam");
  const actions = actionsOf(config);
  try {
    const results = await ask(
      new IAMClient(clientSettings(config.aws.region, checkSeconds)),
      async (client) => simulate(client, await policyHolder(client, arn, deadline), actions, deadline),
      deadline,
    );
    return findingsOf(results, actions.length);
  } catch (error) {
    const remedy =
      (error as Error).name === "AccessDenied"
        ? ": allow the caller iam:SimulatePrincipalPolicy and iam:GetRole to have them checked"
        : "";
    return findings(about, { unchecked: [`not checked (${reasonOf(error)})${remedy}`] });
  }
}

/** The user or role whose policies count. A session's ARN lacks the path of its role. */
async function policyHolder(client: IAMClient, arn: string, deadline: AbortSignal): Promise<string> {
  const [, RoleName] = /:assumed-role\/([^/]+)\//.exec(arn) ?? [];
  if (RoleName === undefined) {
    return arn;
  }
  const { GetRoleCommand } = await import("@aws-sdk/client-iam");
  const { Role } = await client.send(new GetRoleCommand({ RoleName }), { abortSignal: deadline });
  return Role?.Arn ?? arn;
}

async function simulate(
  client: IAMClient,
  PolicySourceArn: string,
  ActionNames: string[],
  abortSignal: AbortSignal,
): Promise<EvaluationResult[]> {
  const { SimulatePrincipalPolicyCommand } = await import("@aws-sdk/client-iam");
  const results: EvaluationResult[] = [];
  let Marker: string | undefined;
  do {
    const page = await client.send(
      new SimulatePrincipalPolicyCommand({ PolicySourceArn, ActionNames, Marker }),
      { abortSignal },
    );
    results.push(...(page.EvaluationResults ?? []));
    Marker = page.IsTruncated === true ? page.Marker : undefined;
  } while (Marker !== undefined);
  return results;
}

function findingsOf(results: readonly EvaluationResult[], count: number): Finding[] {
  const named = (decision: string) =>
    results.flatMap(({ EvalActionName = "", EvalDecision }) =>
      EvalDecision === decision ? [EvalActionName] : [],
    );
  const [denied, missing] = [named("explicitDeny"), named("implicitDeny")];
  return findings(
    about,
    {
      wrong: denied.length === 0 ? [] : [`a policy denies ${denied.join(", ")}: remove that from it`],
      unchecked:
        missing.length === 0
          ? []
          : [
              `no policy allows ${missing.join(", ")} for every resource: allow them, unless a policy already allows ` +
                "them for this deployment's own resources",
            ],
    },
    `all ${count} required actions are allowed`,
  );
}
