import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { readBuildContext } from "../../config/services/build-context";
import local from "../../config/environments/local";
import prod from "../../config/environments/prod";
import type { Environment } from "../../config/schema";
import { oneSite, threeSites } from "../support/synthesis/environments";
import { addresses, stackOf, synth, synthInto } from "../support/synthesis/synth";

const one = synth(oneSite);
const three = synth(threeSites);

/** Addresses are a public interface: a change here needs a line in CHANGELOG.md. */
const frozen = {
  "control-plane": [
    "aws_cloudwatch_log_group.containers",
    "aws_cloudwatch_log_group.insights",
    "aws_ecr_lifecycle_policy.image-expiry",
    "aws_ecr_repository.image",
    "aws_ecs_cluster.cluster",
    "aws_iam_role.execution",
    "aws_iam_role.node",
    "aws_iam_role.task",
    "aws_iam_role_policy.node-ecs",
    "aws_iam_role_policy.node-no-parameters",
    "aws_iam_role_policy_attachment.execution-images-and-logs",
    "aws_iam_role_policy_attachment.node-ssm",
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
  const stack = stackOf(synth({ ...oneSite, images, services: { web: { image: "app" } } }), "service-web");
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
    "service-worker": frozen["service-web"],
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
  const service = { ...every, image_uri: false, services: false, task_definition_arns: false };
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
    "service-web": { ...service, port: false },
    "service-api": { ...service, port: false },
    "service-worker": service,
    jobs: { ...every, dead_letters_url: false, schedules: false, task_definition_arns: false },
  });
});

test("no output is without a value, which Terraform would leave out and `npx cdktf deploy` fail over", () => {
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

test("compute needs no AWS provider, and an on-premises site no DigitalOcean", () => {
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

test("AWS is refused in any other account, and tags everything", () => {
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

test("stacks read each other by named outputs alone", () => {
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

test("nothing that a deregistration depends on is created before it is destroyed", () => {
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
    "aws_ecs_task_definition.task",
    "aws_ecs_task_definition.task",
    "aws_ecs_task_definition.task",
  ]);
});

describe("a local backend keeps each state, under the deployment's name,", () => {
  let scratch: string;

  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), "local-backend-"));
  });

  afterEach(() => {
    rmSync(scratch, { recursive: true });
  });

  /** Where Terraform finds the states of compute-ams3 and of what it reads, when the output is in this folder. */
  const found = (outdir: string, backend: Environment["backend"]) => {
    const stack = stackOf(synthInto(outdir, { ...oneSite, backend }), "compute-ams3");
    const { path } = stack.terraform.backend["local"] as { path: string };
    const reader = stack.data?.["terraform_remote_state"]?.["activations"];
    expect(reader).toMatchObject({ backend: "local", workspace: "${terraform.workspace}" });
    const { path: read } = reader?.["config"] as { path: string };
    // As a process that is there resolves it, whatever links lead there.
    const folder = realpathSync(join(outdir, "stacks/compute-ams3"));
    return [path, read].map((place) => resolve(folder, place));
  };

  test("in the project's root, wherever the output lies", () => {
    symlinkSync(mkdtempSync(join(scratch, "far-")), join(scratch, "link"));
    for (const outdir of ["out", "deep/er/out", "link/out"]) {
      expect(found(join(scratch, outdir), { kind: "local" })).toEqual([
        resolve("state/shop--compute-ams3.tfstate"),
        resolve("state/shop--activations.tfstate"),
      ]);
    }
  });

  test("in the folder that it names, by a path from the root or from everywhere", () => {
    const below = { kind: "local", folder: "states/of/shops" } as const;
    expect(found(join(scratch, "out"), below)[0]).toBe(resolve("states/of/shops/shop--compute-ams3.tfstate"));
    const elsewhere = { kind: "local", folder: "/srv/states" } as const;
    expect(found(join(scratch, "out"), elsewhere)[0]).toBe("/srv/states/shop--compute-ams3.tfstate");
  });
});

test("an S3 backend locks in the bucket and encrypts", () => {
  const backend = { kind: "s3", bucket: "states", region: "eu-central-1", kmsKeyId: "alias/states" } as const;
  const stacks = synth({ ...oneSite, backend });
  expect(stackOf(stacks, "service-web").terraform.backend).toEqual({
    s3: {
      bucket: "states",
      region: "eu-central-1",
      key: "shop--service-web.tfstate",
      encrypt: true,
      kms_key_id: "alias/states",
      use_lockfile: true,
    },
  });
  expect(stackOf(stacks, "service-web").data).toMatchObject({
    terraform_remote_state: {
      "control-plane": {
        backend: "s3",
        config: { bucket: "states", region: "eu-central-1", key: "shop--control-plane.tfstate" },
      },
    },
  });
});

test("HCP Terraform gets a workspace for each stack, in the project", () => {
  const backend = { kind: "cloud", organization: "acme", project: "shops" } as const;
  const stacks = synth({ ...oneSite, backend });
  expect(stackOf(stacks, "control-plane").terraform).toMatchObject({
    cloud: {
      organization: "acme",
      hostname: "app.terraform.io",
      workspaces: { name: "shop--control-plane", project: "shops" },
    },
  });
  expect(stackOf(stacks, "service-web").data).toMatchObject({
    terraform_remote_state: {
      "control-plane": {
        backend: "remote",
        config: {
          organization: "acme",
          hostname: "app.terraform.io",
          workspaces: { name: "shop--control-plane" },
        },
      },
    },
  });
});

test("a second synth in another folder writes the same bytes", () => {
  // Each with the scripts that it runs; a stack that builds the sample has its files, its .dockerignore and publish.sh.
  const [manifest, stacks, controlPlane, droplets, servers, ownVpc, services] = [1, 9, 2, 6, 4, 1, 4];
  const sample = readBuildContext("app").files.length + 2;
  const [builtService, jobs] = [services + sample, 1 + sample];
  const directories = ["first", "second/deeper"].map((name) =>
    join(mkdtempSync(join(tmpdir(), "synth-")), name),
  );
  try {
    const written = directories.map((directory) => {
      // A path to local states tells where the output lies, on purpose.
      synthInto(directory, { ...threeSites, backend: { kind: "local", folder: "/srv/states" } });
      return contents(directory);
    });
    expect(Object.keys(written[0] ?? {})).toHaveLength(
      manifest + stacks + controlPlane + droplets * 2 + servers + ownVpc + services * 2 + builtService + jobs,
    );
    expect(written[1]).toEqual(written[0]);
    expect(JSON.stringify(written[0])).not.toContain(process.cwd());
  } finally {
    for (const directory of directories) {
      rmSync(directory, { recursive: true });
    }
  }
});

test("the product synthesises without the local cloud, and the same bytes wherever it is checked out", () => {
  const scratch = mkdtempSync(join(tmpdir(), "product-"));
  try {
    const written = ["here", "else/where"].map((place) => {
      const directory = join(scratch, place);
      for (const name of [
        "app",
        "checkout",
        "config",
        "stacks",
        "constructs",
        "main.ts",
        "tsconfig.json",
        "package.json",
      ]) {
        cpSync(name, join(directory, name), { recursive: true });
      }
      symlinkSync(resolve("node_modules"), join(directory, "node_modules"));
      execFileSync(process.execPath, ["--require", "tsx/cjs", "main.ts"], {
        cwd: directory,
        env: { ...process.env, ANYWHERE_ENV: "local", CDKTF_OUTDIR: undefined },
        stdio: "pipe",
      });
      expect(readdirSync(join(directory, "cdktf.out"))).toEqual(["local"]);
      expect(readdirSync(join(directory, "cdktf.out/local/stacks")).sort()).toEqual([
        "activations",
        "compute-ams3",
        "control-plane",
        "jobs",
        "service-api",
        "service-web",
        "service-worker",
      ]);
      return contents(join(directory, "cdktf.out"));
    });
    expect(written[1]).toEqual(written[0]);
    expect(JSON.stringify(written[0])).not.toContain(scratch);
  } finally {
    rmSync(scratch, { recursive: true });
  }
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

/** Text of every file below a folder, by path within it. */
function contents(directory: string): Record<string, string> {
  const paths = readdirSync(directory, { recursive: true, encoding: "utf8" });
  const files = paths.filter((path) => statSync(join(directory, path)).isFile());
  return Object.fromEntries(files.map((path) => [path, readFileSync(join(directory, path), "utf8")]));
}
