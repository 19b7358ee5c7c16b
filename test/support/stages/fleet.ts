import type { RegisterContainerInstanceResponse } from "@aws-sdk/client-ecs";
import type { CreateActivationResult } from "@aws-sdk/client-ssm";
import type { LocalCloud } from "../../../local-cloud/start";
import { startAgent, type Agent } from "./agent";
import type { AwsClient } from "./aws-client";

/** Machines without computers: agents that call, and their entries in both services. */
export interface Fleet {
  /** Registers a machine with Systems Manager, and returns its `mi-` id. */
  activate(activation: CreateActivationResult): Promise<string>;
  /** Registers a machine with both services, with a cluster by this client; its agent stays connected. */
  addInstance(
    client: AwsClient,
    cluster: string,
  ): Promise<{ readonly arn: string; readonly machine: string }>;
  /** Ends all agents. */
  stop(): Promise<void>;
}

/** @param sdk makes the activations of container instances */
export function createFleet(cloud: LocalCloud, sdk: AwsClient): Fleet {
  const agents: Agent[] = [];
  const start = async (activation: CreateActivationResult): Promise<Agent> => {
    const agent = await startAgent(cloud, activation);
    agents.push(agent);
    return agent;
  };
  return {
    activate: async (activation) => (await start(activation)).managedInstanceId,
    addInstance: async (client, cluster) => {
      const agent = await start(await sdk.ssm("CreateActivation", { IamRole: "instances" }));
      const { containerInstance } = (await client.ecs("RegisterContainerInstance", {
        cluster,
        instanceIdentityDocument: JSON.stringify({ instanceId: agent.managedInstanceId }),
        attributes: [{ name: "anywhere.site", value: "ams3" }],
        totalResources: ["CPU", "MEMORY"].map((name) => ({ name, type: "INTEGER", integerValue: 1024 })),
        tags: [{ key: "owner", value: "tester" }],
      })) as RegisterContainerInstanceResponse;
      const { containerInstanceArn: arn = "" } = containerInstance ?? {};
      agent.attend(arn);
      return { arn, machine: agent.managedInstanceId };
    },
    stop: async () => {
      await Promise.all(agents.splice(0).map((agent) => agent.stop()));
    },
  };
}
