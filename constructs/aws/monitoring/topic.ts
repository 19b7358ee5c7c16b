import { SnsTopic } from "@cdktf/provider-aws/lib/sns-topic";
import { SnsTopicPolicy } from "@cdktf/provider-aws/lib/sns-topic-policy";
import { SnsTopicSubscription } from "@cdktf/provider-aws/lib/sns-topic-subscription";
import { Construct } from "constructs";
import type { Monitoring } from "../../../config/monitoring";
import type { Names } from "../../../config/names";
import { Instances } from "../../instances";
import { policy, type Statement } from "../policy";

/** Props of {@link AlertTopic}. */
export interface AlertTopicProps {
  readonly names: Names;
  readonly subscribers: Monitoring["subscribers"];
}

/**
 * The topic for the deployment's alarms and events, with its subscribers. It has no KMS key by default: SNS encrypts
 * its disks anyway, and no message holds a secret. With the key alias/aws/sns, SNS silently drops everything that
 * EventBridge and CloudWatch send; a separate key costs 1 USD a month, and remains for a week once the deployment is
 * gone.
 * Source: Amazon SNS Developer Guide, "Data encryption" and "Key management".
 */
export class AlertTopic extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, { names, subscribers }: AlertTopicProps) {
    super(scope, id);
    const topic = new SnsTopic(this, "alerts", { name: names.alerts, kmsMasterKeyId: names.kmsKeyArn });
    this.arn = topic.arn;
    const sender = (service: string, source: string): Statement => ({
      Effect: "Allow",
      Principal: { Service: service },
      Action: "sns:Publish",
      Resource: names.arn("sns", names.alerts),
      Condition: {
        StringEquals: { "aws:SourceAccount": names.account },
        ArnLike: { "aws:SourceArn": source },
      },
    });
    // Sources: EventBridge User Guide, "Using IAM policy conditions"; CloudWatch User Guide, "Notifying users".
    new SnsTopicPolicy(this, "alerts-senders", {
      arn: topic.arn,
      policy: policy(
        sender("events.amazonaws.com", names.arn("events", `rule/${names.alert("*")}`)),
        sender("cloudwatch.amazonaws.com", names.arn("cloudwatch", `alarm:${names.alert("*")}`)),
      ),
    });
    if (subscribers.length > 0) {
      this.subscribe(topic, subscribers);
    }
  }

  private subscribe(topic: SnsTopic, subscribers: AlertTopicProps["subscribers"]): void {
    const protocols = subscribers.map(({ protocol, endpoint }) => [endpoint, protocol] as const);
    const subscriber = new Instances(this, "subscribers", protocols);
    new SnsTopicSubscription(this, "subscriber", {
      forEach: subscriber.forEach,
      topicArn: topic.arn,
      protocol: subscriber.value,
      endpoint: subscriber.key,
    });
  }
}
