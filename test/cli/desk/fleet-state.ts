import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { resolveSites } from "../../../config/sites/nodes";
import type { DeskProject } from "./desk-project";

/** Id of the activation with which a node has registered. */
const activationOf = ({ stage }: DeskProject, key: string): string =>
  stage.world.aws.managedInstances.get(stage.node(key).managedInstanceId)?.activationId ?? "";

/** A state that holds these nodes, the load balancer, the site's tag and a log group, as a file for the fake Terraform. */
export function stateWith(desk: DeskProject, nodes: readonly string[]): string {
  const { stage, project } = desk;
  const resource = (type: string, name: string, attributes: object) => ({
    mode: "managed",
    type,
    name,
    instances: [{ attributes }],
  });
  const [loadBalancer = ""] = stage.world.digitalocean.loadBalancers.keys();
  const resources = [
    ...nodes.flatMap((key) => {
      const [SITE = "", NODE = ""] = key.split("/");
      const GENERATION = resolveSites(stage.config).get(SITE)?.nodes.get(NODE)?.generation ?? "";
      // Its activation has been replaced since, so that only the deregistration knows it.
      const triggers = { SITE, NODE, GENERATION, ACTIVATION_ID: activationOf(desk, key) };
      return [
        resource("null_resource", "deregistration", { triggers }),
        ...(SITE === "ams3"
          ? [resource("digitalocean_droplet", "node", { id: String(stage.droplet(key)) })]
          : []),
      ];
    }),
    resource("digitalocean_loadbalancer", "load_balancer", { id: loadBalancer }),
    resource("digitalocean_tag", "nodes", { id: "anywhere--ams3" }),
    resource("aws_cloudwatch_log_group", "logs", { id: "/ecs/anywhere/web" }),
  ];
  const file = join(project.folder, "orphans.tfstate");
  writeFileSync(file, JSON.stringify({ version: 4, lineage: "one", outputs: {}, resources }));
  return file;
}
