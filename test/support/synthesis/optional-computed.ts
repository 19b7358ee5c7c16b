import { digitaloceanProvider } from "../../../local-cloud/providers/digitalocean/provider";
import { readSchemas, type Block } from "../../../local-cloud/providers/schema";

/**
 * Optional and computed arguments of the AWS resource types in use, without `id` and `tags_all`. A block is one when
 * the provider keeps it, or suppresses its difference, where the configuration leaves it out; no schema tells that.
 * Source: `terraform providers schema -json` of hashicorp/aws 5.100.0, and for blocks its Go files.
 */
const ofAws: Readonly<Record<string, readonly string[]>> = {
  aws_cloudwatch_dashboard: [],
  aws_cloudwatch_event_rule: ["name", "name_prefix"],
  aws_cloudwatch_event_target: ["target_id"],
  aws_cloudwatch_log_group: ["log_group_class", "name", "name_prefix"],
  aws_cloudwatch_log_metric_filter: [],
  aws_cloudwatch_metric_alarm: ["evaluate_low_sample_count_percentiles"],
  aws_ecr_lifecycle_policy: [],
  aws_ecr_repository: [
    "encryption_configuration",
    "encryption_configuration.kms_key",
    "image_scanning_configuration",
  ],
  aws_ecs_cluster: ["setting"],
  aws_ecs_service: [
    "cluster",
    "deployment_circuit_breaker",
    "iam_role",
    "launch_type",
    "platform_version",
    "service_connect_configuration.log_configuration.options",
    "service_connect_configuration.namespace",
    "service_connect_configuration.service.client_alias.dns_name",
    "service_connect_configuration.service.discovery_name",
    "triggers",
  ],
  aws_ecs_task_definition: [
    "enable_fault_injection",
    "network_mode",
    "volume.configure_at_launch",
    "volume.docker_volume_configuration.driver",
    "volume.docker_volume_configuration.scope",
  ],
  aws_iam_role: ["inline_policy", "managed_policy_arns", "name", "name_prefix"],
  aws_iam_role_policy: ["name", "name_prefix"],
  aws_iam_role_policy_attachment: [],
  aws_scheduler_schedule: ["group_name", "name", "name_prefix", "target.retry_policy"],
  aws_sfn_state_machine: [
    "encryption_configuration",
    "logging_configuration",
    "name",
    "name_prefix",
    "tracing_configuration",
  ],
  aws_sns_topic: [
    "fifo_throughput_scope",
    "name",
    "name_prefix",
    "policy",
    "signature_version",
    "tracing_config",
  ],
  aws_sns_topic_policy: [],
  aws_sns_topic_subscription: ["filter_policy_scope"],
  aws_sqs_queue: [
    "deduplication_scope",
    "fifo_throughput_limit",
    "kms_data_key_reuse_period_seconds",
    "name",
    "name_prefix",
    "policy",
    "redrive_allow_policy",
    "redrive_policy",
    "sqs_managed_sse_enabled",
  ],
  aws_ssm_activation: ["expiration_date"],
};

/** Without these two: `id` is never written, and `tags_all` follows from `tags` and the provider's default tags. */
const everybodys = ["id", "tags_all"];

/**
 * Arguments of a resource type that the provider keeps as they are when the configuration leaves them out, nested
 * ones by their path, sorted. @throws Error when nobody has looked the type up
 */
export function optionalComputed(type: string): string[] {
  if (type.startsWith("aws_")) {
    const known = ofAws[type];
    if (known === undefined) {
      throw new Error(`Look up which arguments of ${type} are optional and computed, and add them here.`);
    }
    return [...known].sort();
  }
  const schemas = Object.values(readSchemas()).find(({ resource_schemas: all }) => type in all);
  const schema = schemas?.resource_schemas[type];
  if (schema === undefined) {
    throw new Error(`provider-schemas.json has no ${type}.`);
  }
  const { resources } = digitaloceanProvider({ endpoint: "", token: "" });
  return [...ofBlock(schema.block), ...(resources[type]?.computedBlocks ?? [])]
    .filter((name) => !everybodys.includes(name))
    .sort();
}

function ofBlock({ attributes = {}, block_types: blocks = {} }: Block): string[] {
  return [
    ...Object.keys(attributes).filter((name) => attributes[name]?.optional && attributes[name].computed),
    ...Object.entries(blocks).flatMap(([name, nested]) =>
      ofBlock(nested.block).map((inner) => `${name}.${inner}`),
    ),
  ];
}
