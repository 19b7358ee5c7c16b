import type { LocalCloud } from "../../../local-cloud/start";
import type { Entry } from "../../../local-cloud/world";
import { roles, statementsOf, type Role } from "../../../cli/permissions/policies";
import recorded from "./recorded.json";

/** The role that runs a command of Terraform or of ours; a deployer for those not named. */
const workers: Readonly<Record<string, Role>> = {
  ...{ destroy: "destroyer", orphans: "destroyer", plan: "pipeline", diff: "pipeline" },
  ...{ status: "operator", dashboard: "operator", events: "operator", logs: "operator", run: "operator" },
  ...{ exec: "operator", drain: "operator", undrain: "operator", heal: "operator", leave: "operator" },
};

/** Credentials of the one whose work a command is, which the local cloud's journal tells from others'. */
export function credentialsFor([command = ""]: readonly string[]): NodeJS.ProcessEnv {
  return { AWS_ACCESS_KEY_ID: workers[command] ?? "deployer" };
}

/** Actions that are called otherwise than policies name them. Sources: Service Authorization Reference, S3 and CloudWatch. */
const named: Readonly<Record<string, string>> = {
  "s3:HeadBucket": "s3:ListBucket",
  "s3:ListObjects": "s3:ListBucket",
  "s3:HeadObject": "s3:GetObject",
  "s3:GetBucket versioning": "s3:GetBucketVersioning",
};

function actionOf({ service, name }: Entry): string {
  // CloudWatch signs as `monitoring`.
  const action = `${service === "monitoring" ? "cloudwatch" : service}:${name}`;
  return named[action] ?? action;
}

/** The actions that a role's policy in docs/policies allows. */
export function allowedTo(role: Role): string[] {
  return [...new Set(statementsOf(role).flatMap(({ Action }) => Action))].sort();
}

/** Ends a cloud, and holds its journal to the policies. @throws Error as {@link holdToPolicies} */
export async function stopPermitted(cloud: LocalCloud, lifeCycle: string): Promise<void> {
  const journal = await cloud.admin.journal(0);
  await cloud.stop();
  holdToPolicies(journal, lifeCycle);
}

/**
 * Holds what each role called against its policy, and against the record of this life cycle.
 * @throws Error that names what a policy lacks, and what the record has and was not called
 */
export function holdToPolicies(journal: readonly Entry[], lifeCycle: string): void {
  const records: Readonly<Record<string, Partial<Record<Role, readonly string[]>>>> = recorded;
  const problems = (Object.keys(roles) as Role[]).flatMap((role) => {
    const called = new Set(journal.filter(({ principal }) => principal === role).map(actionOf));
    const allowed = allowedTo(role);
    const lacking = [...called].filter((action) => !allowed.includes(action)).sort();
    // A life cycle whose tests are skipped calls nothing.
    const recordedCalls = called.size === 0 ? [] : (records[lifeCycle]?.[role] ?? []);
    const missing = recordedCalls.filter((action) => !called.has(action));
    return [
      ...(lacking.length > 0 ? [`the ${role}'s policy lacks ${lacking.join(", ")}`] : []),
      ...(missing.length > 0 ? [`the ${role} of the record calls ${missing.join(", ")}`] : []),
    ];
  });
  if (problems.length > 0) {
    throw new Error(`${lifeCycle} differs from cli/permissions/grants.ts: ${problems.join("; ")}`);
  }
}
