import { expect, test } from "@jest/globals";
import type { Environment } from "../../config/schema";
import { oneSite, threeSites } from "../support/synthesis/environments";
import { optionalComputed } from "../support/synthesis/optional-computed";
import { synth, type Block } from "../support/synthesis/synth";

const environments: readonly Environment[] = [
  oneSite,
  threeSites,
  { ...oneSite, images: { app: { build: "app" } }, services: { web: { image: "app" } } },
];

/** All resources that are synthesised, by type. */
const resources = new Map<string, Block[]>();
for (const stack of environments.flatMap((environment) => Object.values(synth(environment)))) {
  for (const [type, blocks] of Object.entries(stack.resource)) {
    resources.set(type, [...(resources.get(type) ?? []), ...Object.values(blocks)]);
  }
}

/** In every configuration. */
const written = Symbol("written");
const never = "the configuration has no such setting";

/**
 * Left out of the JSON, such an argument keeps what it was: what a configuration takes back would stay. So each is
 * written always, or there is a reason why no configuration can take it back.
 */
const decisions: Readonly<Record<string, Readonly<Record<string, string | typeof written>>>> = {
  aws_cloudwatch_dashboard: {},
  aws_cloudwatch_event_rule: { name: written, name_prefix: never },
  aws_cloudwatch_event_target: { target_id: written },
  aws_cloudwatch_log_group: { log_group_class: never, name: written, name_prefix: never },
  aws_cloudwatch_log_metric_filter: {},
  aws_cloudwatch_metric_alarm: { evaluate_low_sample_count_percentiles: never },
  aws_ecr_lifecycle_policy: {},
  aws_ecr_repository: {
    encryption_configuration: never,
    "encryption_configuration.kms_key": never,
    image_scanning_configuration: written,
  },
  aws_ecs_cluster: { setting: written },
  aws_ecs_service: {
    cluster: written,
    deployment_circuit_breaker: written,
    iam_role: never,
    launch_type: written,
    platform_version: never,
    "service_connect_configuration.log_configuration.options": never,
    "service_connect_configuration.namespace": never,
    "service_connect_configuration.service.client_alias.dns_name": never,
    "service_connect_configuration.service.discovery_name": never,
    triggers: never,
  },
  aws_ecs_task_definition: {
    enable_fault_injection: never,
    network_mode: written,
    "volume.configure_at_launch": never,
    "volume.docker_volume_configuration.driver": never,
    "volume.docker_volume_configuration.scope": never,
  },
  aws_iam_role: {
    inline_policy: "a role's policies are resources of their own",
    managed_policy_arns: "attachments are resources of their own",
    name: written,
    name_prefix: never,
  },
  aws_iam_role_policy: { name: written, name_prefix: never },
  aws_iam_role_policy_attachment: {},
  aws_scheduler_schedule: {
    group_name: never,
    name: written,
    name_prefix: never,
    "target.retry_policy": "every schedule has one",
  },
  aws_sfn_state_machine: {
    encryption_configuration: never,
    logging_configuration: never,
    name: written,
    name_prefix: never,
    tracing_configuration: never,
  },
  aws_sns_topic: {
    fifo_throughput_scope: never,
    name: written,
    name_prefix: never,
    policy: "the topic's policy is a resource of its own",
    signature_version: never,
    tracing_config: never,
  },
  aws_sns_topic_policy: {},
  aws_sns_topic_subscription: { filter_policy_scope: never },
  aws_sqs_queue: {
    deduplication_scope: never,
    fifo_throughput_limit: never,
    kms_data_key_reuse_period_seconds: never,
    name: written,
    name_prefix: never,
    policy: never,
    redrive_allow_policy: never,
    redrive_policy: never,
    sqs_managed_sse_enabled: written,
  },
  aws_ssm_activation: { expiration_date: written },
  digitalocean_certificate: {},
  digitalocean_droplet: {
    ipv6_address: never,
    private_networking: never,
    region: written,
    volume_ids: never,
    vpc_uuid: "another network replaces the droplet with its generation, and a new droplet keeps nothing",
  },
  digitalocean_firewall: {},
  digitalocean_loadbalancer: {
    domains: never,
    "domains.certificate_name": never,
    droplet_ids: never,
    firewall: written,
    "forwarding_rule.certificate_id": "follows from certificate_name",
    "forwarding_rule.certificate_name":
      "a rule of another protocol is another element of the set, and keeps nothing",
    glb_settings: never,
    healthcheck: written,
    http_idle_timeout_seconds: never,
    project_id: never,
    size_unit: never,
    sticky_sessions: never,
    target_load_balancer_ids: never,
    type: never,
    vpc_uuid: "null_resource.network replaces the load balancer with the choice of a network",
  },
  digitalocean_tag: {},
  digitalocean_vpc: { ip_range: written },
  null_resource: {},
};

test.each([...resources.keys()].sort())(
  "%s keeps no setting that is removed from a configuration",
  (type) => {
    const decided = decisions[type] ?? {};
    expect(Object.keys(decided).sort()).toEqual(optionalComputed(type));
    for (const name of Object.keys(decided).filter((one) => decided[one] === written)) {
      for (const resource of resources.get(type) ?? []) {
        expect([name, resource[name]]).not.toEqual([name, undefined]);
      }
    }
  },
);

test("every decision is about a resource type in use", () => {
  expect(Object.keys(decisions).sort()).toEqual([...resources.keys()].sort());
});
