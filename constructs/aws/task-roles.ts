import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { Construct } from "constructs";
import type { Names } from "../../config/names";
import type { Application } from "../../config/schema";
import { policy, trust, type Statement } from "./policy";

/** Props of {@link TaskRoles}. */
export interface TaskRolesProps {
  readonly names: Names;
  readonly account: string;
  readonly secrets: Application["secrets"];
  readonly exec: boolean;
}

/** What ECS does for a task (execution role), and what the application itself may do (task role). */
export class TaskRoles extends Construct {
  readonly execution: IamRole;
  readonly task: IamRole;

  constructor(scope: Construct, id: string, { names, account, secrets, exec }: TaskRolesProps) {
    super(scope, id);
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
      new IamRolePolicy(this, "execution-secrets", {
        role: this.execution.name,
        name: "secrets",
        policy: policy(...readingOf(Object.values(secrets))),
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
  // A task definition may name a key, a stage and a version behind a secret's own ARN, which has seven parts.
  const secrets = of("secretsmanager").map((arn) => arn.split(":").slice(0, 7).join(":"));
  const parameters = of("ssm");
  return [...allow("secretsmanager:GetSecretValue", secrets), ...allow("ssm:GetParameters", parameters)];
}

function allow(action: string, resources: readonly string[]): Statement[] {
  return resources.length === 0
    ? []
    : [{ Effect: "Allow", Action: action, Resource: [...new Set(resources)].sort() }];
}
