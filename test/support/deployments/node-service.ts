import {
  CreateServiceCommand,
  DeleteServiceCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
} from "@aws-sdk/client-ecs";
import { awsClients } from "../observation/clouds";
import { eventually } from "../jest/eventually";
import type { LifeCycle } from "./life-cycle";

/** Options of {@link startService}. */
export interface NodeServiceOptions {
  readonly site: string;
  readonly node: string;
  /** Seconds that the task takes to end. */
  readonly lameDuckSeconds: number;
  /** One task on the node, as DAEMON, or as REPLICA that may never have fewer than its one task. */
  readonly strategy: "DAEMON" | "REPLICA";
}

/** A service with one running task. */
export interface NodeService {
  readonly taskArn: string;
  readonly remove: () => Promise<void>;
}

/** Starts a service on one node, without the application stack and its AWS provider, and waits until it is steady. */
export async function startService(life: LifeCycle, options: NodeServiceOptions): Promise<NodeService> {
  const { site, node, lameDuckSeconds, strategy } = options;
  const { ecs } = awsClients(life.cloud);
  const cluster = life.deployment;
  const service = `${site}-${node}`;
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: service,
      requiresCompatibilities: ["EXTERNAL"],
      networkMode: "bridge",
      containerDefinitions: [
        {
          name: "app",
          image: "localhost/anywhere/app:v1",
          memory: 64,
          portMappings: [{ containerPort: 8080, hostPort: 8080 }],
          environment: [{ name: "LAME_DUCK_SECONDS", value: String(lameDuckSeconds) }],
          stopTimeout: 120,
        },
      ],
    }),
  );
  await ecs.send(
    new CreateServiceCommand({
      cluster,
      serviceName: service,
      taskDefinition: service,
      launchType: "EXTERNAL",
      schedulingStrategy: strategy,
      availabilityZoneRebalancing: "DISABLED",
      placementConstraints: [
        {
          type: "memberOf",
          expression: `attribute:anywhere.site == ${site} and attribute:anywhere.node == ${node}`,
        },
      ],
      ...(strategy === "REPLICA"
        ? { desiredCount: 1, deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 200 } }
        : { deploymentConfiguration: { minimumHealthyPercent: 0, maximumPercent: 100 } }),
    }),
  );
  const taskArn = await eventually(`a running task of ${service}`, async () => {
    const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster, serviceName: service }));
    if (taskArns.length === 0) {
      return undefined;
    }
    const { tasks = [] } = await ecs.send(new DescribeTasksCommand({ cluster, tasks: taskArns }));
    return tasks.find(({ lastStatus }) => lastStatus === "RUNNING")?.taskArn;
  });
  // Until then its task counts as unhealthy, and a drain would stop it whatever the minimum.
  await eventually(`a steady ${service}`, async () => {
    const { services = [] } = await ecs.send(new DescribeServicesCommand({ cluster, services: [service] }));
    return services[0]?.deployments?.[0]?.rolloutState === "COMPLETED" || undefined;
  });
  return {
    taskArn,
    remove: async () => {
      await ecs.send(new DeleteServiceCommand({ cluster, service, force: true }));
      ecs.destroy();
    },
  };
}
