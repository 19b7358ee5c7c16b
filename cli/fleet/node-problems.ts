import { replacingNode, replacingServer } from "../../constructs/node/replacement";
import { computeStack } from "../terraform/stacks";
import { keyOf } from "../nodes/node-key";
import type { Fleet, FleetNode } from "./fleet";
import { shortTime } from "./time";
import type { Problem } from "./problem";

type Found = Omit<Problem, "subject">;

/** Problems with a node. Information missing from a source that couldn't be queried is no problem. */
export function nodeProblems(node: FleetNode, kind: string, fleet: Fleet): Problem[] {
  const asked = (source: Fleet["unanswered"][number]["source"]) =>
    fleet.unanswered.every((one) => one.source !== source);
  const found = [
    ...(kind === "digitalocean" && asked("DigitalOcean") ? machineProblems(node) : []),
    ...(asked("Systems Manager") && asked("ECS") ? registrationProblems(node, kind, fleet) : []),
    ...generationProblems(node),
    ...taskProblems(node),
  ];
  return found.map((one) => ({ subject: keyOf(node), ...one }));
}

function machineProblems({ site, machine }: FleetNode): Found[] {
  const deploy = `"npm run deploy -- ${computeStack(site)}"`;
  if (machine === null) {
    return [{ kind: "machine-missing", message: "has no droplet", remedy: deploy }];
  }
  return machine.status === "active"
    ? []
    : [
        {
          kind: "machine-off",
          message: `its droplet ${machine.id} is ${machine.status}`,
          remedy: `switch it on: "doctl compute droplet-action power-on ${machine.id}"`,
        },
      ];
}

function registrationProblems(node: FleetNode, kind: string, fleet: Fleet): Found[] {
  const { managedInstance, containerInstance } = node;
  if (managedInstance === null) {
    return [containerInstance === null ? unregistered(node, kind) : orphaned(node, kind, fleet)];
  }
  const isOnline = managedInstance.pingStatus === "Online";
  const since = `, last heard from at ${shortTime(managedInstance.lastPingAt)}`;
  const replace = replacing(node, kind);
  if (containerInstance === null) {
    return [
      {
        kind: "not-in-cluster",
        message: `${managedInstance.id} is ${managedInstance.pingStatus}, but isn't a container instance`,
        remedy: `read /var/log/anywhere-bootstrap.log there, or ${replace}`,
      },
    ];
  }
  if (!isOnline && !containerInstance.agentConnected) {
    return [
      {
        kind: "lost",
        message: `neither agent responds${since}; ECS still counts its tasks as running`,
        remedy: `switch it on; if it doesn't come back, "npx anywhere heal", then ${replace}`,
      },
    ];
  }
  if (!containerInstance.agentConnected) {
    const remedy = `it usually comes back within minutes; else "systemctl restart ecs" there, or ${replace}`;
    return [{ kind: "agent-lost", message: "its ECS agent isn't connected", remedy }];
  }
  return isOnline
    ? []
    : [
        {
          kind: "ping-lost",
          message: `its SSM Agent doesn't answer (${managedInstance.pingStatus}${since})`,
          remedy: `"systemctl restart amazon-ssm-agent" there: without it, the node's credentials expire within 1 h`,
        },
      ];
}

function replacing({ site, node }: FleetNode, kind: string): string {
  const words = kind === "on-premises" ? replacingServer(site, node) : replacingNode(site, node);
  return words.replaceAll("`", '"');
}

/** The command that takes a container instance out of its cluster. */
export const deregistering = (id: string, cluster: string, region: string): string =>
  `aws ecs deregister-container-instance --region ${region} --cluster ${cluster} --container-instance ${id} --force`;

function orphaned(node: FleetNode, kind: string, { deployment, region }: Fleet): Found {
  const id = node.containerInstance?.id ?? "";
  return {
    kind: "orphaned",
    message: `container instance ${id} has no managed instance any more: its credentials are gone`,
    remedy: `"${deregistering(id, deployment, region)}", then ${replacing(node, kind)}`,
  };
}

function unregistered(node: FleetNode, kind: string): Found {
  const { activation, machine } = node;
  const replace = replacing(node, kind);
  const onServer = kind === "on-premises";
  const found = (message: string, remedy: string): Found => ({ kind: "not-registered", message, remedy });
  switch (activation?.state) {
    case undefined:
      return found("has no activation", '"npm run deploy -- activations", then its compute stack');
    case "used up":
      return found(
        `its activation ${activation.id} is used up, but no machine registered with it is known`,
        `find out who used it, and ${replace}`,
      );
    case "expired":
      return found(`its activation ${activation.id} has expired unused`, replace);
    case "unused":
      return found(
        `isn't registered; its activation is good until ${shortTime(activation.expiresAt)}`,
        onServer
          ? `"npx anywhere join ${node.site} ${node.node}" before then`
          : machine === null
            ? `"npm run deploy -- ${computeStack(node.site)}"`
            : `wait while it boots; if it doesn't register, its console and /var/log/anywhere-bootstrap.log show why`,
      );
  }
}

function generationProblems({ site, generation, containerInstance }: FleetNode): Found[] {
  const actual = containerInstance?.generation ?? generation;
  return actual === generation
    ? []
    : [
        {
          kind: "replacement-pending",
          message: "the file has a change that replaces it",
          remedy: `"npx anywhere roll ${site}" replaces such nodes, one at a time`,
        },
      ];
}

function taskProblems({ tasks, backends }: FleetNode): Found[] {
  return [
    ...tasks
      .filter(({ health }) => health === "UNHEALTHY")
      .map(({ of, id }): Found => ({
        kind: "task-unhealthy",
        message: `task ${id} of ${of ?? "an unknown service"} is unhealthy`,
        remedy: of === null ? "stop it" : `"npx anywhere logs ${of}" shows why; ECS replaces it`,
      })),
    ...backends
      .filter(({ state }) => state === "unhealthy")
      .map(({ service, measuredAt }): Found => ({
        kind: "backend-unhealthy",
        message: `the load balancer of ${service} finds it unhealthy (measured at ${shortTime(measuredAt)})`,
        remedy: `check whether the task answers its health path, and whether the site's firewall is as deployed`,
      })),
  ];
}
