import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { writeOutput } from "../../checkout/output-folder";
import { backendBlock, type BackendBlock } from "../../cli/terraform/backend-block";
import { loadEnvironment, type LoadedEnvironment } from "../../config/load";
import { namesOf } from "../../config/names";
import { relianceOn } from "../../config/services/handover";
import { isMadeAt } from "../../config/services/placements";
import type { Rollback } from "../../config/rollbacks";
import { schedulingOf } from "../../config/services/service";
import { resolveSites } from "../../config/sites/nodes";

/**
 * Synthesises, from the environment that `ANYWHERE_ENV` names, stacks with the ids, dependencies, backends and
 * outputs of the project's own, whose only resources are Terraform's built-in `terraform_data`: these need no
 * provider and no cloud. What stands for a node is replaced with its generation. Each first resource appends a line
 * to the file `RECORD` when it is created and when it is destroyed; it fails to be created while `FAIL`, or `FAIL` with
 * its stack's id at the end, is a file. A site's own VPC can't be destroyed while `FAIL-vpc` is one.
 * `IMAGE_TAG` is the tag of every image that is built. `WITHOUT_OUTPUTS` names outputs that are left out, as in stacks of earlier releases.
 */
function synthesise(outdir: string, { config, rollbacks }: LoadedEnvironment): void {
  const resolved = resolveSites(config);
  const sites = Object.entries(config.sites).map(([name, site]) => ({
    name,
    kind: site.kind,
    ownVpc: site.kind === "digitalocean" && site.vpc !== "default",
    outputs: site.kind === "digitalocean" ? { region: site.region } : {},
    nodes: [...(resolved.get(name)?.nodes ?? [])],
  }));
  const { backend } = config;
  const backendOf = (id: string): BackendBlock => {
    const key = namesOf(config).state(id);
    return backend.kind === "local"
      ? {
          backend: {
            local: {
              path: join(relative(join(outdir, "stacks", id), resolve(backend.folder)), `${key}.tfstate`),
            },
          },
        }
      : backendBlock(backend, key);
  };
  const { accountId: account, region } = config.aws;
  const identity = { name: config.name, account, region };
  const without = (process.env["WITHOUT_OUTPUTS"] ?? "").split(",");
  // For checks alone: it needs a provider.
  const pushing = (image: string, rollback?: Rollback) =>
    image in config.images && rollback === undefined
      ? {
          null_resource: {
            image: { triggers: { IMAGE: image, TAG: process.env["IMAGE_TAG"] ?? "0123abcd" } },
          },
        }
      : {};
  const recorded = (id: string, instances: Readonly<Record<string, Instance>>) => ({
    for_each: instances,
    input: "${each.value.input}",
    triggers_replace: "${each.value.generation}",
    provisioner: {
      "local-exec": [
        { command: `echo "+ ${id} \${each.key}" >>"$RECORD"; ! test -e "$FAIL" && ! test -e "$FAIL-${id}"` },
        { when: "destroy", command: `echo "- ${id} \${each.key}" >>"$RECORD"` },
      ],
    },
  });
  const stack = (
    id: string,
    resources: object,
    outputs: Outputs,
    more: object = {},
    others: object = {},
  ) => ({
    // The CDKTF CLI reads it.
    "//": { metadata: { backend: "local", stackName: id, version: "0.21.0" }, outputs: {} },
    terraform: backendOf(id),
    resource: { terraform_data: resources, ...others },
    output: Object.fromEntries(
      Object.entries({ deployment: identity, ...outputs })
        .filter(([name]) => !without.includes(name))
        .map(([name, value]) => [name, { value }]),
    ),
    ...more,
  });
  const reading = (id: string) => {
    const { backend: block = {}, cloud } = backendOf(id);
    const [[kind, settings] = []] = Object.entries(cloud === undefined ? block : { remote: cloud });
    return { data: { terraform_remote_state: { [id]: { backend: kind, config: settings } } } };
  };
  const read = (key: string) =>
    `\${data.terraform_remote_state.activations.outputs.activation_ids["${key}"]}`;
  const computeStack = ({ name, kind, ownVpc, nodes, outputs }: (typeof sites)[number]) => {
    const id = `compute-${name}`;
    const instances = Object.fromEntries(
      nodes.map(([node, { activation, generation }]) => [node, { input: read(activation), generation }]),
    );
    const generation = { for_each: instances, triggers_replace: "${each.value.generation}" };
    const deregistration = {
      for_each: instances,
      lifecycle: { replace_triggered_by: ["terraform_data.node[each.key].id"] },
    };
    const first = {
      ...recorded(id, instances),
      triggers_replace: "${terraform_data.generation[each.key].id}",
      // The activation that a node was created with, even if it has been replaced since.
      lifecycle: { ignore_changes: ["input"] },
      ...(ownVpc && { depends_on: ["terraform_data.vpc"] }),
    };
    const vpc = {
      provisioner: { "local-exec": { when: "destroy", command: '! test -e "$FAIL-vpc"' } },
    };
    return stack(
      id,
      kind === "digitalocean"
        ? { generation, node: first, deregistration, ...(ownVpc && { vpc }) }
        : { generation, deregistration: first },
      {
        ...outputs,
        nodes:
          "${{ for key, one in terraform_data.generation : key => { generation = one.triggers_replace } }}",
      },
      reading("activations"),
    );
  };
  const keys = sites.flatMap(({ nodes }) => nodes.map(([, { activation }]) => activation));
  // Not marked as sensitive, as with the provider for AWS.
  const activation = {
    for_each: Object.fromEntries(keys.map((key) => [key, `code-of-${key}`])),
    input: { activation_code: "${each.value}" },
  };
  const only = (id: string, name: string) => ({
    node: recorded(id, { [name]: { input: "1", generation: "1" } }),
  });
  const jobImages = Object.fromEntries(Object.entries(config.jobs).map(([name, { image }]) => [name, image]));
  const stacks = {
    ...(Object.keys(config.jobs).length > 0 && {
      jobs: stack("jobs", only("jobs", "service"), { image_uris: jobImages }, reading("control-plane")),
    }),
    // Not in the order of deployment.
    ...Object.fromEntries(
      Object.entries(config.services).map(([name, service]) => {
        const { image, http } = service;
        const id = `service-${name}`;
        const rollback = rollbacks[name];
        const outputs = {
          image_uri: rollback === undefined ? image : `registry.example/${image}:${rollback.tag}`,
          rolled_back: rollback === undefined ? "" : JSON.stringify(rollback),
          scheduling_strategy: schedulingOf(service),
          ...(http && { port: String(http.port), ...relianceOn(http) }),
        };
        return [
          id,
          stack(id, only(id, "service"), outputs, reading("control-plane"), pushing(image, rollback)),
        ];
      }),
    ),
    ...Object.fromEntries(sites.map((site) => [`compute-${site.name}`, computeStack(site)])),
    activations: stack(
      "activations",
      { first: only("activations", "activations").node, node: activation },
      {
        activation_ids: "${{ for key, one in terraform_data.node : key => one.id }}",
        activation_codes: "${{ for key, one in terraform_data.node : key => one.input.activation_code }}",
      },
      reading("control-plane"),
    ),
    "control-plane": stack("control-plane", only("control-plane", "cluster"), {
      sites: sites.map(({ name }) => name),
      services: Object.keys(config.services),
      repository_urls: Object.fromEntries(
        Object.keys(config.images).map((image) => [image, `registry.example/${image}`]),
      ),
      execution_role_arns: Object.fromEntries(
        Object.keys({ ...config.services, ...config.jobs }).map((name) => [name, name]),
      ),
      cluster_arn: `arn:aws:ecs:${region}:${account}:cluster/${config.name}`,
    }),
  };
  const dependencies: Readonly<Record<string, readonly string[]>> = {
    "control-plane": [],
    activations: ["control-plane"],
    jobs: ["control-plane", ...Object.values(config.jobs).map(({ site }) => `compute-${site}`)],
    ...Object.fromEntries(
      Object.entries(config.services).map(([name, service]) => [
        `service-${name}`,
        [
          "control-plane",
          ...sites.flatMap((site) => (isMadeAt(service, site.name) ? `compute-${site.name}` : [])),
        ],
      ]),
    ),
  };
  const manifest: Record<string, object> = {};
  for (const [id, json] of Object.entries(stacks)) {
    const folder = join("stacks", id);
    mkdirSync(join(outdir, folder), { recursive: true });
    writeFileSync(join(outdir, folder, "cdk.tf.json"), JSON.stringify(json));
    manifest[id] = {
      name: id,
      constructPath: id,
      annotations: [],
      stackMetadataPath: join(folder, "metadata.json"),
      synthesizedStackPath: join(folder, "cdk.tf.json"),
      workingDirectory: folder,
      dependencies: dependencies[id] ?? ["activations"],
    };
  }
  writeFileSync(join(outdir, "manifest.json"), JSON.stringify({ version: "0.21.0", stacks: manifest }));
}

type Outputs = Readonly<Record<string, unknown>>;

interface Instance {
  readonly input: string;
  readonly generation: string;
}

const environment = loadEnvironment(process.env);
writeOutput(process.env, environment, (outdir) => {
  synthesise(outdir, environment);
}).catch((error: unknown) => {
  console.error((error as Error).message);
  process.exitCode = 1;
});
