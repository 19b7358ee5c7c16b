import type { ContainerOutput, Machines } from "../../../machines";
import { note, type World } from "../../../world";
import { lastPart } from "../../protocol/arns";
import type { MotoClient } from "../../moto/moto-client";
import { isPermitted } from "../../moto/permissions";

/**
 * Sends containers' output to CloudWatch Logs, as Docker's driver `awslogs` does on a node, with the execution role of
 * their tasks. Output that can't be sent is lost, which is noted.
 * Source: Amazon ECS Developer Guide, "awslogs log driver options".
 * @returns a function that ends it, and returns once nothing is in progress
 */
export function startContainerLogs(
  world: World,
  machines: Machines,
  moto: MotoClient,
  period: number,
): () => Promise<void> {
  const streams = new Map<string, Promise<void>>();
  const ship = async (): Promise<void> => {
    for (const output of await machines.output()) {
      await put(world, moto, streams, output).catch((error: unknown) => {
        const detail = { task: output.task, container: output.container, reason: String(error) };
        note(world, { kind: "event", service: "ecs", name: "logs-lost", detail });
      });
    }
  };
  let shipping: Promise<void> | undefined;
  const timer = setInterval(() => {
    shipping ??= ship().finally(() => {
      shipping = undefined;
    });
  }, period);
  return async () => {
    clearInterval(timer);
    await shipping;
  };
}

async function put(
  { aws }: World,
  moto: MotoClient,
  streams: Map<string, Promise<void>>,
  { task: id, container, lines }: ContainerOutput,
): Promise<void> {
  const task = [...aws.tasks.values()].find(({ arn }) => lastPart(arn) === id);
  const definition = task && aws.taskDefinitions.get(task.taskDefinitionArn)?.definition;
  const { logDriver, options = {} } =
    definition?.containerDefinitions?.find(({ name }) => name === container)?.logConfiguration ?? {};
  if (logDriver !== "awslogs") {
    return;
  }
  const region = options["awslogs-region"] ?? "";
  const logGroupName = options["awslogs-group"] ?? "";
  const stream = {
    logGroupName,
    logStreamName: `${options["awslogs-stream-prefix"] ?? ""}/${container}/${id}`,
  };
  const role = definition?.executionRoleArn ?? "";
  const opened = streams.get(stream.logStreamName) ?? openStream(moto, role, region, stream);
  streams.set(stream.logStreamName, opened);
  await opened;
  const timestamp = Date.now();
  await moto.json("logs", region, "Logs_20140328.PutLogEvents", {
    ...stream,
    // The service refuses an empty message.
    logEvents: lines.map((line) => ({ timestamp, message: line === "" ? " " : line })),
  });
}

/** Creates a task's stream. @throws Error when the role may not write there, or there is no such group */
async function openStream(
  moto: MotoClient,
  role: string,
  region: string,
  stream: { readonly logGroupName: string; readonly logStreamName: string },
): Promise<void> {
  const { logGroupName, logStreamName } = stream;
  const [account = "", name = ""] = [role.split(":")[4], role.split("/").at(-1)];
  const resource = `arn:aws:logs:${region}:${account}:log-group:${logGroupName}:log-stream:${logStreamName}`;
  for (const action of ["logs:CreateLogStream", "logs:PutLogEvents"]) {
    if (!(await isPermitted(moto, name, { action, resource }))) {
      throw new Error(`${role} is not authorized to perform: ${action} on resource: ${resource}`);
    }
  }
  await moto.json("logs", region, "Logs_20140328.CreateLogStream", stream);
}
