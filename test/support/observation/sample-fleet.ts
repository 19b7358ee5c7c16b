import type { FleetNode, FleetService, FleetTask } from "../../../cli/fleet/fleet";

/** When a sample was looked at. */
export const at = "2026-11-26T12:00:00.000Z";

export const task: FleetTask = {
  id: "0a1b",
  arn: "arn:task/0a1b",
  of: "web",
  byHand: false,
  containerInstance: "c1",
  revision: "shop--web--ams3:3",
  image: "registry.example/shop/app:v7",
  status: "RUNNING",
  health: "HEALTHY",
  startedAt: at,
  stoppedAt: null,
  exitCode: null,
  reason: null,
};

/** A node that is well, and runs that task. */
export const node: FleetNode = {
  site: "ams3",
  node: "node-1",
  generation: "g1",
  machine: { id: "1", status: "active" },
  managedInstance: { id: "mi-1", pingStatus: "Online", lastPingAt: at },
  activation: null,
  containerInstance: {
    id: "c1",
    arn: "arn:c1",
    status: "ACTIVE",
    agentConnected: true,
    lostSince: null,
    agentVersion: "1.90.0",
    generation: "g1",
  },
  tasks: [task],
  backends: [{ service: "web", state: "healthy", measuredAt: at }],
};

export const deployment: FleetService["deployments"][number] = {
  id: "ecs-svc/1",
  status: "PRIMARY",
  state: "COMPLETED",
  reason: "",
  revision: "shop--web--ams3:3",
  failedTasks: 0,
  createdAt: at,
};
