import type { ECSClient } from "@aws-sdk/client-ecs";
import { expect, jest, test } from "@jest/globals";
import { startTasks } from "../../../cli/fleet/sources/run-tasks";

const wanted = {
  isJob: false,
  site: "ams3",
  family: "shop--web--ams3--one-off",
  stack: "service-web",
  exec: false,
  nodes: "attribute:anywhere.site == ams3",
  cluster: "shop",
  count: 2,
  command: ["bin/migrate"],
  memory: undefined,
};

/** A client whose calls are answered in this order, with errors as failures. */
function answering(...answers: readonly object[]): ECSClient {
  const left = [...answers];
  const send = (): Promise<object> => {
    const next = left.shift() ?? {};
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  };
  return { send } as unknown as ECSClient;
}

test("tasks that have started are named when ECS fails before the others do", async () => {
  const denied = Object.assign(new Error("not allowed"), { name: "AccessDeniedException", $metadata: {} });
  const some = {
    tasks: [{ taskArn: "arn:aws:ecs:eu-west-1:1:task/shop/0123" }],
    failures: [{ reason: "AGENT" }],
  };
  const definition = { taskDefinition: { taskDefinitionArn: "shop--web--ams3--one-off:1" } };
  const told = jest.spyOn(console, "error").mockImplementation(() => undefined);
  await expect(startTasks(answering(definition, some, denied), wanted)).rejects.toMatchObject({
    name: "Refusal",
    message:
      "1 of 2 tasks were started, and continue (0123), and ECS can't be asked for more (AccessDeniedException: not allowed).",
  });
  await expect(startTasks(answering(definition, denied), wanted)).rejects.toBe(denied);
  told.mockRestore();
}, 30_000);
