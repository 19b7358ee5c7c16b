import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { Construct } from "constructs";
import { ConfigError } from "../../config/load";
import type { Names } from "../../config/names";
import type { Application } from "../../config/schema";
import { policy, trust, type Statement } from "./policy";

/** Props of {@link TaskRoles}. */
export interface TaskRolesProps {
  readonly names: Names;
  readonly account: string;
  readonly secrets: Application["secrets"];
  /** ARNs of the customer's KMS keys that encrypt them. */
  readonly secretKeys: Application["secretKeys"];
  readonly exec: boolean;
}

/** Source: IAM User Guide, "IAM and AWS STS quotas": characters of all inline policies of a role, white space apart. */
const longestPolicies = 10_240;

/** What ECS does for a task (execution role), and what the application itself may do (task role). */
export class TaskRoles extends Construct {
  readonly execution: IamRole;
  readonly task: IamRole;

  constructor(scope: Construct, id: string, props: TaskRolesProps) {
    super(scope, id);
    const { names, account, secrets, secretKeys, exec } = props;
    // Source: Amazon ECS Developer Guide, "Amazon ECS task IAM role", confused deputy.
    const assumeRolePolicy = trust("ecs-tasks.amazonaws.com", {
      StringEquals: { "aws:SourceAccount": account },
      ArnLike: { "aws:SourceArn": names.arn("ecs", "*") },
    });
    this.execution = new IamRole(this, "execution", { name: names.role("execution"), assumeRolePolicy });
    new IamRolePolicyAttachment(this, "execution-images-and-logs", {
      role: this.execution.name,
      policyArn: "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
    });
    if (Object.keys(secrets).length > 0) {
      const reading = policy(...readingOf(Object.values(secrets)), ...allow("kms:Decrypt", secretKeys));
      if (reading.length > longestPolicies) {
        throw new ConfigError([
          `application.secrets: the policy that lets them be read has ${reading.length} characters, of the ${longestPolicies} that a role's own policies may have: keep several values in one secret, and name them by its ARN with :KEY::`,
        ]);
      }
      new IamRolePolicy(this, "execution-secrets", {
        role: this.execution.name,
        name: "secrets",
        policy: reading,
      });
    }
    this.task = new IamRole(this, "task", { name: names.role("task"), assumeRolePolicy });
    if (exec) {
      new IamRolePolicy(this, "task-exec", {
        role: this.task.name,
        name: "exec",
        // Source: Amazon ECS Developer Guide, "Monitor Amazon ECS containers with ECS Exec".
        policy: policy({
          Effect: "Allow",
          Action: [
            "ssmmessages:CreateControlChannel",
            "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel",
            "ssmmessages:OpenDataChannel",
          ],
          Resource: "*",
        }),
      });
    }
  }
}

function readingOf(arns: readonly string[]): Statement[] {
  const of = (service: string) => arns.filter((arn) => arn.split(":")[2] === service);
  const secrets = of("secretsmanager").flatMap(resourcesOf);
  const parameters = of("ssm");
  return [...allow("secretsmanager:GetSecretValue", secrets), ...allow("ssm:GetParameters", parameters)];
}

/**
 * What a policy names for a secret. Secrets Manager ends each secret's ARN with a hyphen and six characters of its own,
 * takes an ARN without them, too, and always asks the policies for the whole one. Whether a name ends so by itself, as
 * `db-secret` does, can't be told: both forms are allowed then. Source: AWS Secrets Manager User Guide, ARNs in policies.
 */
function resourcesOf(arn: string): string[] {
  // A task definition may name a key, a stage and a version behind a secret's own ARN, which has seven parts.
  const own = arn.split(":").slice(0, 7).join(":");
  const extended = `${own}-??????`;
  return /-[A-Za-z0-9]{6}$/.test(own) ? [own, extended] : [extended];
}

function allow(action: string, resources: readonly string[]): Statement[] {
  return resources.length === 0
    ? []
    : [{ Effect: "Allow", Action: action, Resource: [...new Set(resources)].sort() }];
}
