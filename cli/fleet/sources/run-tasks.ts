import type { ECSClient, Failure, Task } from "@aws-sdk/client-ecs";
import { setTimeout as pause } from "node:timers/promises";
import { reasonOf } from "../../aws/client";
import { Refusal } from "../../refusals/refusal";
import type { OneOff } from "../one-off";
import { idOf, startedByHand } from "../tasks";

/** Tasks that are to be run by hand. */
export interface TasksToRun extends OneOff {
  readonly cluster: string;
  readonly count: number;
  /** Replaces the image's or the definition's own; empty to keep that. */
  readonly command: readonly string[];
  /** MiB, instead of the definition's. */
  readonly memory: number | undefined;
}

/** Seconds to wait for disconnected agents, which reconnect several times an hour. */
const patience = 120;
const retryAfter = 5;

/**
 * Starts tasks of the newest revision of their definition. Waits for an agent that has no connection for a moment.
 *
 * @throws {Refusal} when there is no definition, or no room for all of the tasks, or ECS fails once some have started.
 */
export async function startTasks(client: ECSClient, wanted: TasksToRun): Promise<Task[]> {
  const { RunTaskCommand } = await import("@aws-sdk/client-ecs");
  const { cluster, command, memory, count, nodes } = wanted;
  const taskDefinition = await newestRevision(client, wanted);
  const override = {
    name: "app",
    ...(command.length > 0 && { command: [...command] }),
    ...(memory !== undefined && { memory }),
  };
  const started: Task[] = [];
  for (let waited = 0; ; waited += retryAfter) {
    const { tasks = [], failures = [] } = await client
      .send(
        new RunTaskCommand({
          cluster,
          taskDefinition,
          launchType: "EXTERNAL",
          count: count - started.length,
          startedBy: startedByHand,
          enableExecuteCommand: wanted.exec,
          placementConstraints: [{ type: "memberOf", expression: nodes }],
          overrides: { containerOverrides: [override] },
        }),
      )
      .catch((error: unknown) => {
        throw started.length === 0
          ? withoutInstances(error, cluster)
          : new Refusal(`${begun(wanted, started)}, and ECS can't be asked for more (${reasonOf(error)}).`);
      });
    started.push(...tasks);
    if (started.length >= count) {
      return started;
    }
    if (!failures.some(({ reason }) => reason === "AGENT") || waited >= patience) {
      throw new Refusal(noRoom(wanted, started, failures));
    }
    if (waited === 0) {
      console.error(`Waiting for nodes whose agents aren't connected, ${patience} s at most.`);
    }
    await pause(retryAfter * 1000);
  }
}

async function newestRevision(client: ECSClient, { family, stack }: OneOff): Promise<string> {
  const { DescribeTaskDefinitionCommand } = await import("@aws-sdk/client-ecs");
  try {
    const { taskDefinition } = await client.send(
      new DescribeTaskDefinitionCommand({ taskDefinition: family }),
    );
    return taskDefinition?.taskDefinitionArn ?? family;
  } catch (error) {
    if ((error as Error).name === "ClientException") {
      throw new Refusal(`There is no task definition ${family}: "npm run deploy -- ${stack}" creates it.`);
    }
    throw error;
  }
}

/** ECS answers with an error, not with a failure, when a cluster has no instances at all. */
function withoutInstances(error: unknown, cluster: string): unknown {
  const { name, message } = error as Error;
  return name === "InvalidParameterException" && message.includes("No Container Instances")
    ? new Refusal(`No node of ${cluster} is registered and active: "npx anywhere status" shows why.`)
    : error;
}

/** The tasks that continue, whatever becomes of the others: a migration must not be run twice by mistake. */
function begun({ count }: Pick<TasksToRun, "count">, started: readonly Task[]): string {
  const ids = started.map(({ taskArn }) => idOf(taskArn)).join(", ");
  return started.length === 0
    ? "No task was started"
    : `${started.length} of ${count} tasks were started, and continue (${ids})`;
}

function noRoom({ count, site }: TasksToRun, started: readonly Task[], failures: readonly Failure[]): string {
  const reasons = [...new Set(failures.map(({ reason = "no reason given" }) => reason))].sort();
  const remedies = new Set(reasons.map(remedyFor));
  return `${begun({ count }, started)}: no node of ${site} has room for ${started.length === 0 ? "it" : "more"} (${reasons.join(", ")}). ${[...remedies].join(" ")}`;
}

/** Source: Amazon ECS Developer Guide, "API failures messages". */
function remedyFor(reason: string): string {
  if (reason === "AGENT") {
    return `Agents have had no connection for ${patience} seconds: "npx anywhere status" shows which.`;
  }
  if (reason === "RESOURCE:MEMORY") {
    return "Request less with --memory, or add a node.";
  }
  return reason.startsWith("RESOURCE:")
    ? "Wait until something else has ended there, or add a node."
    : '"npx anywhere status" shows the nodes.';
}
