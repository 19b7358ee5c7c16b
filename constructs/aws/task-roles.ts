import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { TerraformIterator } from "cdktf";
import { Construct } from "constructs";
import { ConfigError } from "../../config/load";
import type { Names } from "../../config/names";
import type { Container } from "../../config/services/container";
import { Instances } from "../instances";
import { policy, trust, type Statement } from "./policy";

/** The settings of a service or a job that its roles depend on. */
export interface RoleSettings extends Pick<
  Container,
  "secrets" | "secretKeys" | "permissions" | "registryCredentials"
> {
  readonly exec: boolean;
  /** Its path in the config. */
  readonly path: string;
}

/** Source: IAM User Guide, "IAM and AWS STS quotas": characters of all inline policies of a role, white space apart. */
const longestPolicies = 10_240;

/**
 * For each service and job, a role for what ECS does for its tasks (execution role), and one for what they themselves
 * may do (task role). Each allows only what its service or job was given.
 */
export class TaskRoles extends Construct {
  readonly execution: IamRole;
  readonly task: IamRole;

  /** @param containers services and jobs by name. */
  constructor(
    scope: Construct,
    id: string,
    private readonly names: Names,
    containers: ReadonlyMap<string, RoleSettings>,
  ) {
    super(scope, id);
    // Source: Amazon ECS Developer Guide, "Amazon ECS task IAM role", confused deputy.
    const assumeRolePolicy = trust("ecs-tasks.amazonaws.com", {
      StringEquals: { "aws:SourceAccount": names.account },
      ArnLike: { "aws:SourceArn": names.arn("ecs", "*") },
    });
    const keys = [...containers.keys()];
    this.execution = this.roles("execution", keys, assumeRolePolicy);
    this.task = this.roles("task", keys, assumeRolePolicy);
    new IamRolePolicyAttachment(this, "execution-images-and-logs", {
      forEach: TerraformIterator.fromResources(this.execution),
      role: "${each.value.name}",
      policyArn: "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
    });
    this.policies("execution-secrets", "secrets", this.execution, containers, reading);
    this.policies("task-permissions", "permissions", this.task, containers, acting);
  }

  private roles(purpose: "execution" | "task", keys: readonly string[], assumeRolePolicy: string): IamRole {
    const names = keys.map((key) => [key, this.names.role(key, purpose)] as const);
    const each = new Instances(this, `${purpose}_roles`, names);
    return new IamRole(this, purpose, { forEach: each.forEach, name: each.value, assumeRolePolicy });
  }

  private policies(
    id: string,
    name: string,
    role: IamRole,
    containers: ReadonlyMap<string, RoleSettings>,
    statementsOf: (settings: RoleSettings) => Statement[],
  ): void {
    const texts = [...containers].flatMap(([key, settings]) => {
      const statements = statementsOf(settings);
      return statements.length === 0 ? [] : [[key, checked(policy(...statements), name, settings)] as const];
    });
    if (texts.length === 0) {
      return;
    }
    const each = new Instances(this, id.replace("-", "_"), texts);
    new IamRolePolicy(this, id, {
      forEach: each.forEach,
      role: each.attribute(role, "name"),
      name,
      policy: each.value,
    });
  }
}

function checked(text: string, setting: string, { path }: RoleSettings): string {
  if (text.length > longestPolicies) {
    throw new ConfigError([
      `${path}.${setting}: the policy for them has ${text.length} characters, of the ${longestPolicies} that a role's own policies may have: ` +
        (setting === "secrets"
          ? "keep several values in one secret, and name them by its ARN with :KEY::"
          : "name fewer resources, with * and ? as wildcards"),
    ]);
  }
  return text;
}

function reading({ secrets, secretKeys, registryCredentials }: RoleSettings): Statement[] {
  const arns = [
    ...Object.values(secrets),
    ...(registryCredentials === undefined ? [] : [registryCredentials]),
  ];
  const of = (service: string) => arns.filter((arn) => arn.split(":")[2] === service);
  return [
    ...allow("secretsmanager:GetSecretValue", of("secretsmanager").flatMap(resourcesOf)),
    ...allow("ssm:GetParameters", of("ssm")),
    ...allow("kms:Decrypt", secretKeys),
  ];
}

function acting({ permissions, exec }: RoleSettings): Statement[] {
  const given = permissions.map(({ actions, resources }): Statement => ({
    Effect: "Allow",
    Action: actions,
    Resource: resources,
  }));
  return exec ? [...given, execution] : given;
}

// Source: Amazon ECS Developer Guide, "Monitor Amazon ECS containers with ECS Exec".
const execution: Statement = {
  Effect: "Allow",
  Action: [
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
  ],
  Resource: "*",
};

/**
 * The resources of a policy for a secret. Secrets Manager ends each secret's ARN with a hyphen and six random
 * characters, also accepts an ARN without them, and always checks policies for the full one. A name may itself end like
 * that, as `db-secret` does: then both forms are allowed. Source: AWS Secrets Manager User Guide, ARNs in policies.
 */
function resourcesOf(arn: string): string[] {
  // A task definition may name a key, a stage and a version after a secret's own ARN, which has seven parts.
  const own = arn.split(":").slice(0, 7).join(":");
  const extended = `${own}-??????`;
  return /-[A-Za-z0-9]{6}$/.test(own) ? [own, extended] : [extended];
}

function allow(action: string, resources: readonly string[]): Statement[] {
  return resources.length === 0
    ? []
    : [{ Effect: "Allow", Action: action, Resource: [...new Set(resources)].sort() }];
}
