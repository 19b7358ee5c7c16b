import type * as Ecs from "@aws-sdk/client-ecs";

import { isConnected, type Context } from "../../context";
import { ApiError, invalidParameter } from "../../protocol/api-error";
import { derivedHex } from "../../protocol/identifiers";
import { findIn } from "../../protocol/look-up";
import { operation, type Operations } from "../../protocol/operation";
import { requireCluster } from "../clusters";
import { containerArn, execAgentOf } from "./task-description";

/**
 * Opens a session in a container, as far as ECS's answer goes. Nothing listens at the session's address: its host name
 * doesn't exist. Source: Amazon ECS API Reference, ExecuteCommand.
 */
function executeCommand(context: Context, input: Ecs.ExecuteCommandRequest): Ecs.ExecuteCommandResponse {
  const cluster = requireCluster(context, input.cluster);
  const { aws } = context.world;
  const task = findIn(aws.tasks, cluster.name, input.task ?? "");
  if (task === undefined) {
    throw invalidParameter("The specified task was not found.");
  }
  if (input.interactive !== true) {
    throw invalidParameter("Interactive is the only mode supported currently.");
  }
  const containers = aws.taskDefinitions.get(task.taskDefinitionArn)?.definition.containerDefinitions ?? [];
  const [only, ...others] = containers;
  const container =
    input.container === undefined && others.length === 0
      ? only
      : containers.find(({ name }) => name === input.container);
  if (container === undefined) {
    throw invalidParameter("The specified container was not found in the task.");
  }
  if (!task.enableExecuteCommand || execAgentOf(task, container) !== "RUNNING") {
    throw invalidParameter(
      "The execute command failed because execute command was not enabled when the task was run or the execute " +
        "command agent isn’t running. Wait and try again or run a new task with execute command enabled and try again.",
    );
  }
  const instance = aws.containerInstances.get(task.containerInstanceArn);
  if (instance === undefined || !isConnected(context, instance.lastPollAt)) {
    throw new ApiError(
      "TargetNotConnectedException",
      "The execute command failed due to an internal error. Try again later.",
    );
  }
  const { name = "" } = container;
  const sessionId = `ecs-execute-command-${derivedHex(17, task.arn, name, context.now)}`;
  return {
    clusterArn: cluster.arn,
    containerArn: containerArn(task, name),
    containerName: name,
    interactive: true,
    session: {
      sessionId,
      streamUrl: `wss://ssmmessages.invalid/v1/data-channel/${sessionId}?role=publish_subscribe`,
      tokenValue: derivedHex(32, sessionId, "token"),
    },
    taskArn: task.arn,
  };
}

export const execOperations: Operations = {
  ExecuteCommand: operation("cluster container command interactive task", executeCommand),
};
