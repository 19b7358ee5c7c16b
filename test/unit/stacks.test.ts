import { expect, test } from "@jest/globals";
import local from "../../config/environments/local";
import prod from "../../config/environments/prod";
import { oneSite, threeSites } from "../support/synthesis/environments";
import { addresses, stackOf, synth } from "../support/synthesis/synth";

const one = synth(oneSite);
const three = synth(threeSites);

/** Addresses are a public interface: a change here needs a line in CHANGELOG.md. */
const frozen = {
  "control-plane": [
    "aws_cloudwatch_dashboard.services",
    "aws_cloudwatch_event_rule.alert",
    "aws_cloudwatch_event_target.check-start",
    "aws_cloudwatch_event_target.message",
    "aws_cloudwatch_log_group.containers",
    "aws_cloudwatch_log_group.insights",
    "aws_cloudwatch_log_metric_filter.errors",
    "aws_cloudwatch_metric_alarm.counted",
    "aws_cloudwatch_metric_alarm.tasks-missing",
    "aws_ecr_lifecycle_policy.image-expiry",
    "aws_ecr_repository.image",
    "aws_ecs_cluster.cluster",
    "aws_iam_role.alert-checks",
    "aws_iam_role.alert-events",
    "aws_iam_role.execution",
    "aws_iam_role.node",
    "aws_iam_role.task",
    "aws_iam_role_policy.alert-checks-permissions",
    "aws_iam_role_policy.alert-events-permissions",
    "aws_iam_role_policy.node-ecs",
    "aws_iam_role_policy.node-no-parameters",
    "aws_iam_role_policy_attachment.execution-images-and-logs",
    "aws_iam_role_policy_attachment.node-ssm",
    "aws_sfn_state_machine.check",
    "aws_sns_topic.alerts",
    "aws_sns_topic_policy.alerts-senders",
    "null_resource.late-insights",
  ],
  activations: ["aws_ssm_activation.node"],
  "compute-ams3": [
    "digitalocean_droplet.node",
    "digitalocean_firewall.nodes",
    "digitalocean_loadbalancer.web",
    "digitalocean_tag.nodes",
    "null_resource.deregistration",
    "null_resource.generation",
    "null_resource.guard",
    "null_resource.network",
    "null_resource.registration",
  ],
  "service-web": [
    "aws_ecs_service.service",
    "aws_ecs_task_definition.one_off",
    "aws_ecs_task_definition.task",
    "null_resource.lost_agents",
    "null_resource.rollout",
  ],
};

test("the addresses of a deployment with one site are the frozen ones", () => {
  expect(Object.fromEntries(Object.entries(one).map(([id, stack]) => [id, addresses(stack)]))).toEqual(
    frozen,
  );
});

test("an image that is built has a frozen address of its own", () => {
  const images = { app: { build: "app" } };
  const stack = stackOf(
    synth({ ...oneSite, images, services: { web: { ...oneSite.services.web, image: "app" } } }),
    "service-web",
  );
  expect(addresses(stack)).toEqual([...frozen["service-web"], "null_resource.image"].sort());
  expect(Object.keys(stack.provider).sort()).toEqual(["aws", "null"]);
});

test("three sites of both kinds give a stack each, and add only what their settings ask for", () => {
  expect(Object.fromEntries(Object.entries(three).map(([id, stack]) => [id, addresses(stack)]))).toEqual({
    ...frozen,
    "control-plane": [
      ...frozen["control-plane"],
      "aws_iam_role_policy.execution-secrets",
      "aws_iam_role_policy.task-permissions",
      "aws_sns_topic_subscription.subscriber",
    ].sort(),
    "compute-ams3": [
      ...frozen["compute-ams3"],
      "digitalocean_certificate.web-443",
      "digitalocean_loadbalancer.api",
      "digitalocean_vpc.nodes",
    ].sort(),
    "compute-fra1": frozen["compute-ams3"].map((address) =>
      address.replace("loadbalancer.web", "loadbalancer.api"),
    ),
    "compute-berlin": [
      "null_resource.deregistration",
      "null_resource.generation",
      "null_resource.guard",
      "null_resource.registration",
    ],
    "service-api": [...frozen["service-web"], "null_resource.image"].sort(),
    // Without a port, its tasks are run by hand as they are.
    "service-worker": frozen["service-web"].filter((address) => !address.endsWith(".one_off")),
    jobs: [
      "aws_ecs_task_definition.job",
      "aws_iam_role.scheduler",
      "aws_iam_role_policy.scheduler-jobs",
      "aws_scheduler_schedule.job",
      "aws_sqs_queue.dead_letters",
      "null_resource.image_app",
    ],
  });
});

test("outputs keep their names, and only activation codes are sensitive", () => {
  const outputs = Object.entries(three).map(([id, { output }]) => [
    id,
    Object.fromEntries(Object.entries(output).map(([name, { sensitive }]) => [name, sensitive])),
  ]);
  const every = { deployment: false };
  const compute = {
    ...every,
    internal_urls: false,
    kind: false,
    load_balancer_ips: false,
    nodes: false,
    region: false,
    urls: false,
  };
  const ofHttp = { checked_path: false, lame_duck_seconds: false, port: false, ready_after_seconds: false };
  const service = {
    ...every,
    image_uri: false,
    one_off_task_definition_arns: false,
    scheduling_strategy: false,
    services: false,
    task_definition_arns: false,
  };
  expect(Object.fromEntries(outputs)).toEqual({
    "control-plane": {
      ...every,
      cluster_arn: false,
      execution_role_arns: false,
      has_jobs: false,
      node_role_name: false,
      repository_urls: false,
      services: false,
      sites: false,
      task_role_arns: false,
    },
    activations: { ...every, activation_codes: true, activation_ids: false },
    "compute-ams3": compute,
    "compute-fra1": compute,
    "compute-berlin": { ...every, kind: false, nodes: false },
    "service-web": { ...service, ...ofHttp },
    "service-api": { ...service, ...ofHttp, rolled_back: false },
    "service-worker": service,
    jobs: {
      ...every,
      dead_letters_url: false,
      image_uris: false,
      schedules: false,
      task_definition_arns: false,
    },
  });
});

test("no output is null, which Terraform would leave out and `npx cdktf deploy` would fail on", () => {
  for (const stack of Object.values(three)) {
    expect(JSON.stringify(Object.values(stack.output).map(({ value }) => value))).not.toMatch(
      /\bnull\b(?!_)/,
    );
  }
});

test("every output is described", () => {
  for (const stack of Object.values(three)) {
    for (const { description } of Object.values(stack.output)) {
      expect(description).toEqual(expect.stringMatching(/^[A-Z].+\.$/));
    }
  }
});

test("500 nodes give the blocks of 2, and differ in one local value", () => {
  const many = synth({ ...oneSite, sites: { ams3: { ...oneSite.sites.ams3, nodes: 500 } } });
  for (const id of ["activations", "compute-ams3"]) {
    expect({ ...stackOf(many, id), locals: undefined }).toEqual({ ...stackOf(one, id), locals: undefined });
    expect(Object.keys(stackOf(one, id).locals["nodes"] ?? {})).toHaveLength(2);
    expect(Object.keys(stackOf(many, id).locals["nodes"] ?? {})).toHaveLength(500);
  }
});

test("compute stacks need no AWS provider, and an on-premises site needs no DigitalOcean provider", () => {
  const providers = Object.entries(three).map(([id, stack]) => [id, Object.keys(stack.provider).sort()]);
  expect(Object.fromEntries(providers)).toEqual({
    "control-plane": ["aws", "null"],
    activations: ["aws"],
    "compute-ams3": ["digitalocean", "null"],
    "compute-fra1": ["digitalocean", "null"],
    "compute-berlin": ["null"],
    "service-web": ["aws", "null"],
    "service-api": ["aws", "null"],
    "service-worker": ["aws", "null"],
    jobs: ["aws", "null"],
  });
});

test("the AWS provider refuses any other account, and tags everything", () => {
  for (const id of ["control-plane", "activations", "service-web", "service-worker", "jobs"]) {
    expect(stackOf(three, id).provider["aws"]).toEqual([
      {
        region: "eu-west-1",
        allowed_account_ids: ["123456789012"],
        default_tags: [{ tags: { team: "platform", "anywhere.deployment": "shop" } }],
      },
    ]);
  }
});

/** Of `web` and of the job, the sites whose internal service they are given. */
const producersOf = (id: string): string[] => {
  const known: Readonly<Record<string, string[]>> = {
    "control-plane": [],
    "service-web": ["compute-ams3", "control-plane"],
    jobs: ["compute-ams3", "control-plane"],
  };
  return known[id] ?? (id.startsWith("compute-") ? ["activations"] : ["control-plane"]);
};

test("stacks read each other only by named outputs", () => {
  for (const [id, stack] of Object.entries(three)) {
    const json = JSON.stringify(stack);
    expect(json).not.toMatch(/cross-stack-output|TfToken|#\{Token/);
    expect(Object.keys(stack.data?.["terraform_remote_state"] ?? {}).sort()).toEqual(producersOf(id));
    for (const [, producer = "", name] of json.matchAll(
      /terraform_remote_state\.([\w-]+)\.outputs\.(\w+)/g,
    )) {
      expect(Object.keys(stackOf(three, producer).output)).toContain(name);
    }
  }
});

test("nothing that a deregistration depends on has create_before_destroy", () => {
  const early = Object.values(three).flatMap((stack) =>
    addresses(stack).filter((address) => {
      const [type = "", name = ""] = address.split(".");
      const lifecycle = stack.resource[type]?.[name]?.["lifecycle"] as
        { create_before_destroy?: boolean } | undefined;
      return lifecycle?.create_before_destroy === true;
    }),
  );
  expect(early).toEqual([
    "digitalocean_certificate.web-443",
    "aws_ecs_task_definition.job",
    "aws_ecs_task_definition.one_off",
    "aws_ecs_task_definition.task",
    "aws_ecs_task_definition.one_off",
    "aws_ecs_task_definition.task",
    "aws_ecs_task_definition.task",
  ]);
});

test("every stack names its providers by full addresses, which mean the same to OpenTofu and Terraform", () => {
  const stacks = Object.values(synth(prod)).map(({ terraform }) => terraform.required_providers);
  const sources = stacks.flatMap((providers) =>
    Object.values(providers as Readonly<Record<string, { readonly source: string }>>).map(
      ({ source }) => source,
    ),
  );
  expect([...new Set(sources)].sort()).toEqual([
    "registry.terraform.io/digitalocean/digitalocean",
    "registry.terraform.io/hashicorp/aws",
    "registry.terraform.io/hashicorp/null",
  ]);
});

test("local and prod synthesise the same kinds of stacks with the same providers", () => {
  const [a, b] = [synth(local), synth(prod)];
  for (const id of ["control-plane", "activations", "service-web"]) {
    expect(addresses(stackOf(a, id))).toEqual(addresses(stackOf(b, id)));
  }
  for (const id of ["control-plane", "activations", "compute-ams3", "service-web"]) {
    const providers = stackOf(a, id).terraform.required_providers;
    expect(Object.keys(providers)).not.toEqual([]);
    expect(stackOf(b, id).terraform.required_providers).toEqual(providers);
  }
  expect(addresses(stackOf(b, "compute-ams3"))).toEqual(
    [...addresses(stackOf(a, "compute-ams3")), "digitalocean_certificate.web-443"].sort(),
  );
});
