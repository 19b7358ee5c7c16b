import { createHash } from "node:crypto";
import {
  DescribeTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  type Task,
} from "@aws-sdk/client-ecs";
import { eventually } from "../jest/eventually";
import { awsClients } from "../observation/clouds";
import type { LifeCycle } from "./life-cycle";

/** A reader, and the secret that it should find. */
export interface Reading {
  /** ARN of the execution role. */
  readonly role: string;
  /** ARN of a parameter. */
  readonly secret: string;
  /** Its content. */
  readonly value: string;
}

/** Runs a task with a parameter as its secret until it has stopped; it exits with 42 when it finds the value. */
export async function readBy(life: LifeCycle, { role, secret, value }: Reading): Promise<Task> {
  const { ecs } = awsClients(life.cloud);
  const digest = createHash("sha256").update(value).digest("hex");
  const found = 'require("node:crypto").createHash("sha256").update(process.env.SECRET ?? "").digest("hex")';
  // Named after both, since several are registered at the same time.
  const family = `${role.split("/").at(-1)}-${secret.split("/").at(-1)}`;
  const script = `process.exit(${found} === "${digest}" ? 42 : 1)`;
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family,
      requiresCompatibilities: ["EXTERNAL"],
      executionRoleArn: role,
      containerDefinitions: [
        {
          name: "reader",
          image: "localhost/anywhere/app:v1",
          command: ["node", "-e", script],
          memory: 64,
          secrets: [{ name: "SECRET", valueFrom: secret }],
        },
      ],
    }),
  );
  const { tasks: [started] = [] } = await ecs.send(
    new RunTaskCommand({ cluster: life.deployment, taskDefinition: family, launchType: "EXTERNAL" }),
  );
  const stopped = await eventually(`the end of ${family}'s task`, async () => {
    const tasks = [started?.taskArn ?? ""];
    const described = await ecs.send(new DescribeTasksCommand({ cluster: life.deployment, tasks }));
    return described.tasks?.find(({ lastStatus }) => lastStatus === "STOPPED");
  });
  ecs.destroy();
  return stopped;
}
