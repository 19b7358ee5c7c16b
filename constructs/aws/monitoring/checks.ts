import { nodeTags, type Names } from "../../../config/names";
import { describe, type Alert } from "./runbook";

/** Minutes that an agent must be away: it reconnects several times an hour, each time within seconds. */
const awayMinutes = 10;
/** Hours before an activation expires at which people are notified. */
const warningHours = 48;

/** The conditions that Step Functions checks before it notifies. */
export type Check = Extract<Alert, "agent-lost" | "activation-unused">;

/** The state machines that check before anybody is notified, in the Amazon States Language with JSONata. */
export function checks(names: Names): Readonly<Record<Check, object>> {
  return { "agent-lost": agentLost(names), "activation-unused": activationUnused(names) };
}

// The service may be throttled, or not be answering for a while.
const retry = [{ ErrorEquals: ["States.ALL"], IntervalSeconds: 30, MaxAttempts: 6, BackoffRate: 2 }];

/** An action of AWS's API, whose members begin with capitals here. */
const action = (name: string) => ({
  Type: "Task",
  Resource: `arn:aws:states:::aws-sdk:${name}`,
  Retry: retry,
});

/** Sends a message, whose text a JSONata expression gives, and ends. */
function tell(names: Names, alert: Check, text: string) {
  return {
    Type: "Task",
    Resource: "arn:aws:states:::sns:publish",
    Retry: retry,
    Arguments: {
      TopicArn: names.arn("sns", names.alerts),
      Subject: `${names.cluster}: ${alert}`,
      Message: `{% ${text} & "\\n\\n" & ${JSON.stringify(describe(alert))} %}`,
    },
    End: true,
  };
}

/**
 * Waits, and notifies if the instance is still in the event's state: not connected, and unchanged since. Any change
 * meanwhile, such as a reconnection, had its own event.
 */
function agentLost(names: Names) {
  const attribute = (name: string) => `$instance.Attributes[Name = "${name}"].Value`;
  return {
    Comment: "Reports an agent that is lost, not one that reconnects.",
    QueryLanguage: "JSONata",
    StartAt: "Wait",
    States: {
      Wait: { Type: "Wait", Seconds: awayMinutes * 60, Next: "Look" },
      Look: {
        ...action("ecs:describeContainerInstances"),
        Arguments: {
          Cluster: names.clusterArn,
          ContainerInstances: "{% [$states.input.detail.containerInstanceArn] %}",
        },
        Assign: {
          instance:
            "{% $count($states.result.ContainerInstances) = 0 ? {} : $states.result.ContainerInstances[0] %}",
          version: "{% $states.input.detail.version %}",
        },
        Next: "Decide",
      },
      Decide: {
        Type: "Choice",
        Choices: [
          {
            Condition:
              '{% $instance.Status in ["ACTIVE", "DRAINING"] and $not($instance.AgentConnected) and $instance.Version <= $version %}',
            Next: "Tell",
          },
        ],
        Default: "Fine",
      },
      Tell: tell(
        names,
        "agent-lost",
        `"Node " & ${attribute(nodeTags.site)} & "/" & ${attribute(nodeTags.node)} & " of ${names.cluster} (" & $instance.Ec2InstanceId & "): its ECS agent has not been connected for ${awayMinutes} minutes."`,
      ),
      Fine: { Type: "Succeed" },
    },
  };
}

/** Reads all activations of the deployment's role, page by page, and reports those that nobody has used. */
function activationUnused(names: Names) {
  const soon = `$toMillis(ExpirationDate) - $toMillis($states.context.Execution.StartTime) < ${warningHours * 3_600_000}`;
  return {
    Comment: "Reports activations that expire soon and that no machine has used.",
    QueryLanguage: "JSONata",
    StartAt: "Begin",
    States: {
      Begin: { Type: "Pass", Assign: { token: '{% "" %}', unused: [] }, Next: "Look" },
      Look: {
        ...action("ssm:describeActivations"),
        Arguments: `{% $merge([{"MaxResults": 50, "Filters": [{"FilterKey": "IamRole", "FilterValues": ["${names.nodeRole}"]}]}, $token = "" ? {} : {"NextToken": $token}]) %}`,
        Assign: {
          token: '{% $exists($states.result.NextToken) ? $states.result.NextToken : "" %}',
          unused: `{% [$unused, $states.result.ActivationList[RegistrationsCount = 0 and $not(Expired) and ${soon}].(DefaultInstanceName & " until " & ExpirationDate)] %}`,
        },
        Next: "Decide",
      },
      Decide: {
        Type: "Choice",
        Choices: [
          { Condition: '{% $token != "" %}', Next: "Look" },
          { Condition: "{% $count($unused) > 0 %}", Next: "Tell" },
        ],
        Default: "Fine",
      },
      Tell: tell(
        names,
        "activation-unused",
        `"No machine has used these activations of ${names.cluster}, which expire soon:\\n" & $join($unused, "\\n")`,
      ),
      Fine: { Type: "Succeed" },
    },
  };
}
