import { setTimeout as pause } from "node:timers/promises";
import type { AgentOrders, TaskReport } from "../../../local-cloud/machines";
import type { LocalCloud } from "../../../local-cloud/start";
import { reportOn } from "./ecs-stage";

/** The agents of a machine that isn't there: they call as real ones do, and every task does well. */
export interface Agent {
  readonly managedInstanceId: string;
  /** Polls for the tasks of this container instance from now on. */
  attend(containerInstanceArn: string): void;
  /** Stops calling. @throws what a call of its failed with */
  stop(): Promise<void>;
}

/** Registers with Systems Manager, unsigned as an agent does, and keeps the heartbeat. */
export async function startAgent(
  cloud: LocalCloud,
  activation: { readonly ActivationId?: string; readonly ActivationCode?: string },
): Promise<Agent> {
  const registered = await callAsAgent(cloud, "AmazonSSM.RegisterManagedInstance", {
    ActivationId: activation.ActivationId,
    ActivationCode: activation.ActivationCode,
    Fingerprint: "fingerprint",
    PublicKey: "key",
    PublicKeyType: "Rsa",
  });
  const { InstanceId: managedInstanceId } = registered as { InstanceId: string };
  const heartbeat = () =>
    callAsAgent(cloud, "AmazonSSM.UpdateInstanceInformation", {
      InstanceId: managedInstanceId,
      AgentName: "amazon-ssm-agent",
      AgentVersion: "3.3.2299.0",
      AgentStatus: "Active",
      PlatformType: "Linux",
      PlatformName: "Ubuntu",
      PlatformVersion: "24.04",
      IPAddress: "192.0.2.1",
      ComputerName: "one",
    });
  await heartbeat();
  let containerInstanceArn: string | undefined;
  let tasks: TaskReport[] = [];
  const ended = new AbortController();
  const work = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      await heartbeat();
      if (containerInstanceArn !== undefined) {
        const poll = { machine: "one", managedInstanceId, containerInstanceArn, tasks };
        const orders = (await post(cloud, "/agent", poll, {})) as AgentOrders;
        tasks = orders.tasks.map((assignment) => reportOn(assignment));
      }
      await pause(200);
    }
  };
  const working = work();
  // The caller of stop gets the error.
  working.catch(() => undefined);
  return {
    managedInstanceId,
    attend: (arn) => {
      containerInstanceArn = arn;
    },
    stop: async () => {
      ended.abort();
      await working;
    },
  };
}

/** A call of an agent by plain HTTP. @throws Error that names the service's error */
export function callAsAgent(cloud: LocalCloud, target: string, input: object): Promise<object> {
  return post(cloud, "/", input, { "x-amz-target": target });
}

async function post(
  { environment }: LocalCloud,
  path: string,
  input: object,
  headers: Record<string, string>,
): Promise<object> {
  const response = await fetch((environment["AWS_ENDPOINT_URL"] ?? "") + path, {
    method: "POST",
    headers: { "content-type": "application/x-amz-json-1.1", "user-agent": "agent/1.0", ...headers },
    body: JSON.stringify(input),
    signal: AbortSignal.timeout(30_000),
  });
  const answer = (await response.json()) as object;
  if (!response.ok) {
    throw new Error(`${headers["x-amz-target"] ?? path}: ${JSON.stringify(answer)}`);
  }
  return answer;
}
