import { CloudwatchEventRule } from "@cdktf/provider-aws/lib/cloudwatch-event-rule";
import { CloudwatchEventTarget } from "@cdktf/provider-aws/lib/cloudwatch-event-target";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { SfnStateMachine } from "@cdktf/provider-aws/lib/sfn-state-machine";
import { Construct } from "constructs";
import type { Names } from "../../../config/names";
import { Instances } from "../../instances";
import { policy, trust, useOfKey, type Statement } from "../policy";
import { checks } from "./checks";
import { eventPatterns } from "./patterns";
import { describe, type Alert } from "./runbook";

/** Events that are rare and single: each is a message. An alarm counts those that come in bursts. */
const messages = ["deployment-failed", "start-impaired"] as const satisfies readonly Alert[];

/** Rules for ECS's events, and the state machines that check some of them before they notify anybody. */
export class AlertEvents extends Construct {
  private readonly rule: CloudwatchEventRule;

  constructor(
    scope: Construct,
    id: string,
    private readonly names: Names,
    topicArn: string,
  ) {
    super(scope, id);
    this.rule = this.rules();
    this.tell(topicArn);
    this.check();
  }

  private rules(): CloudwatchEventRule {
    const { names } = this;
    const rules = {
      ...eventPatterns(names),
      "activation-unused": "rate(1 day)",
    } satisfies Partial<Record<Alert, object | string>>;
    const texts = Object.entries(rules).map(([alert, rule]) => {
      const found = typeof rule === "string" ? { schedule: rule } : { pattern: JSON.stringify(rule) };
      return [alert, { ...found, description: describe(alert as Alert) }] as const;
    });
    const alert = new Instances<"description">(this, "alert_rules", texts);
    return new CloudwatchEventRule(this, "alert", {
      forEach: alert.forEach,
      name: names.alert(alert.key),
      description: alert.get("description"),
      eventPattern: '${lookup(each.value, "pattern", null)}',
      scheduleExpression: '${lookup(each.value, "schedule", null)}',
    });
  }

  private tell(topicArn: string): void {
    const { cluster } = this.names;
    const texts = messages.map(
      (alert) => [alert, `"${cluster}: <event> of <service>. <reason>"\n"${describe(alert)}"`] as const,
    );
    const message = new Instances(this, "alert_messages", texts);
    new CloudwatchEventTarget(this, "message", {
      forEach: message.forEach,
      rule: message.attribute(this.rule, "name"),
      targetId: "topic",
      arn: topicArn,
      inputTransformer: {
        inputPaths: { service: "$.resources[0]", event: "$.detail.eventName", reason: "$.detail.reason" },
        inputTemplate: message.value,
      },
    });
  }

  /** Assumed by a service on behalf of this account alone. */
  private role(purpose: string, service: string, ...statements: readonly Statement[]): IamRole {
    const role = new IamRole(this, `alert-${purpose}`, {
      name: this.names.alert("alert", purpose),
      assumeRolePolicy: trust(service, { StringEquals: { "aws:SourceAccount": this.names.account } }),
    });
    new IamRolePolicy(this, `alert-${purpose}-permissions`, {
      role: role.name,
      name: "alerts",
      policy: policy(...statements),
    });
    return role;
  }

  private check(): void {
    const { names } = this;
    const machines = checks(names);
    const looking = this.role(
      "checks",
      "states.amazonaws.com",
      {
        Effect: "Allow",
        Action: "ecs:DescribeContainerInstances",
        Resource: names.arn("ecs", `container-instance/${names.cluster}/*`),
      },
      // Knows no resources. Source: Service Authorization Reference, AWS Systems Manager.
      { Effect: "Allow", Action: "ssm:DescribeActivations", Resource: "*" },
      { Effect: "Allow", Action: "sns:Publish", Resource: names.arn("sns", names.alerts) },
      ...useOfKey(names.kmsKeyArn),
    );
    const starting = this.role("events", "events.amazonaws.com", {
      Effect: "Allow",
      Action: "states:StartExecution",
      Resource: Object.keys(machines).map((check) =>
        names.arn("states", `stateMachine:${names.alert(check)}`),
      ),
    });
    const definitions = Object.entries(machines).map(
      ([check, machine]) => [check, JSON.stringify(machine)] as const,
    );
    const check = new Instances(this, "alert_checks", definitions);
    const machine = new SfnStateMachine(this, "check", {
      forEach: check.forEach,
      name: names.alert(check.key),
      roleArn: looking.arn,
      definition: check.value,
    });
    new CloudwatchEventTarget(this, "check-start", {
      forEach: check.forEach,
      rule: check.attribute(this.rule, "name"),
      targetId: "check",
      arn: check.attribute(machine, "arn"),
      roleArn: starting.arn,
    });
  }
}
