import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadEnvironment } from "../../../config/load";
import { namesOf } from "../../../config/names";
import { nodeNames } from "../../../config/nodes";

/**
 * Synthesises, from the environment that `ANYWHERE_ENV` names, stacks with the ids, dependencies, backends and
 * outputs of the project's own, whose only resources are Terraform's built-in `terraform_data`: these need no
 * provider and no cloud. Each appends a line to the file `RECORD` when it is created and when it is destroyed.
 */
function main(): void {
  const { config } = loadEnvironment(process.env);
  const outdir = process.env["CDKTF_OUTDIR"] ?? "cdktf.out";
  const sites = Object.entries(config.sites);
  const compute = sites.map(([site]) => `compute-${site}`);
  const path = (id: string) => `../../../state/${namesOf(config).state(id)}.tfstate`;
  const stack = (id: string, nodes: Readonly<Record<string, string>>, more: object) => ({
    terraform: { backend: { local: { path: path(id) } } },
    resource: {
      terraform_data: {
        node: {
          for_each: nodes,
          input: "${each.value}",
          provisioner: {
            "local-exec": [
              { command: `echo "+ ${id} \${each.key}" >>"$RECORD"` },
              { when: "destroy", command: `echo "- ${id} \${each.key}" >>"$RECORD"` },
            ],
          },
        },
      },
    },
    ...more,
  });
  const reading = {
    data: {
      terraform_remote_state: {
        "control-plane": { backend: "local", config: { path: path("control-plane") } },
      },
    },
  };
  const read = (key: string) =>
    `\${data.terraform_remote_state.control-plane.outputs.activation_ids["${key}"]}`;
  const keys = sites.flatMap(([name, site]) => nodeNames(site).map((node) => `${name}/${node}`));
  const outputs = {
    sites: { value: sites.map(([site]) => site) },
    activation_ids: { value: Object.fromEntries(keys.map((key) => [key, `id of ${key}`])) },
  };
  const stacks = {
    // Not in the order of deployment, which only the dependencies tell.
    application: stack("application", { service: "1" }, reading),
    ...Object.fromEntries(
      sites.map(([name, site]) => {
        const nodes = nodeNames(site).map((node) => [node, read(`${name}/${node}`)]);
        return [
          `compute-${name}`,
          stack(`compute-${name}`, Object.fromEntries(nodes) as Record<string, string>, reading),
        ];
      }),
    ),
    "control-plane": stack("control-plane", { cluster: "1" }, { output: outputs }),
  };
  const dependencies: Readonly<Record<string, readonly string[]>> = {
    "control-plane": [],
    application: ["control-plane", ...compute],
  };
  const manifest: Record<string, object> = {};
  for (const [id, json] of Object.entries(stacks)) {
    const folder = join("stacks", id);
    mkdirSync(join(outdir, folder), { recursive: true });
    writeFileSync(join(outdir, folder, "cdk.tf.json"), JSON.stringify(json));
    manifest[id] = {
      synthesizedStackPath: join(folder, "cdk.tf.json"),
      workingDirectory: folder,
      dependencies: dependencies[id] ?? ["control-plane"],
    };
  }
  writeFileSync(join(outdir, "manifest.json"), JSON.stringify({ version: "0.21.0", stacks: manifest }));
}

main();
