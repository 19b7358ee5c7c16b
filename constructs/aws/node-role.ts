import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { Construct } from "constructs";
import type { Names } from "../../config/names";
import type { Config } from "../../config/schema";
import { policy, trust } from "./policy";

/**
 * The role that a registered node assumes; only this account's hybrid activations in this region may hand it
 * out. A node may use Systems Manager, without reading parameters, and be an instance of this cluster.
 */
export class NodeRole extends Construct {
  readonly role: IamRole;

  constructor(scope: Construct, id: string, names: Names, nodePolicy: Config["aws"]["nodePolicy"]) {
    super(scope, id);
    this.role = new IamRole(this, "node", {
      name: names.nodeRole,
      // Source: AWS Systems Manager User Guide, "Create the IAM service role required for hybrid activations".
      assumeRolePolicy: trust("ssm.amazonaws.com", {
        StringEquals: { "aws:SourceAccount": names.account },
        ArnEquals: { "aws:SourceArn": names.arn("ssm", "*") },
      }),
    });
    new IamRolePolicyAttachment(this, "node-ssm", {
      role: this.role.name,
      policyArn: "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
    });
    new IamRolePolicy(this, "node-no-parameters", {
      role: this.role.name,
      name: "no-parameters",
      // AmazonSSMManagedInstanceCore would let a node read every parameter of the account.
      policy: policy({ Effect: "Deny", Action: "ssm:GetParameter*", Resource: "*" }),
    });
    this.allowContainerService(names, nodePolicy);
  }

  private allowContainerService(names: Names, nodePolicy: Config["aws"]["nodePolicy"]): void {
    if (nodePolicy === "managed") {
      new IamRolePolicyAttachment(this, "node-ecs", {
        role: this.role.name,
        policyArn: "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role",
      });
      return;
    }
    const instances = names.arn("ecs", `container-instance/${names.cluster}/*`);
    new IamRolePolicy(this, "node-ecs", {
      role: this.role.name,
      name: "container-instance",
      // Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon ECS".
      policy: policy(
        { Effect: "Allow", Action: "ecs:DiscoverPollEndpoint", Resource: "*" },
        {
          Effect: "Allow",
          Action: [
            "ecs:RegisterContainerInstance",
            "ecs:SubmitAttachmentStateChanges",
            "ecs:SubmitContainerStateChange",
            "ecs:SubmitTaskStateChange",
          ],
          Resource: names.clusterArn,
        },
        { Effect: "Allow", Action: ["ecs:Poll", "ecs:StartTelemetrySession"], Resource: instances },
        {
          Effect: "Allow",
          Action: "ecs:TagResource",
          Resource: instances,
          Condition: { StringEquals: { "ecs:CreateAction": "RegisterContainerInstance" } },
        },
        // The tags of its instance and tasks, which containers see through the task metadata endpoint.
        {
          Effect: "Allow",
          Action: "ecs:ListTagsForResource",
          Resource: [instances, names.arn("ecs", `task/${names.cluster}/*`)],
        },
      ),
    });
  }
}
