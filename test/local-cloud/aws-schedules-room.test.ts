import { expect, test } from "@jest/globals";
import { cluster, taskDefinition, useCloud } from "./aws-schedules-stage";

const cloud = useCloud();

test("a run that finds no room isn't retried, since ECS answers it as a success", async () => {
  const queue = await cloud().queue();
  const stage = cloud().scheduled(
    {
      Arn: cluster,
      RoleArn: await cloud().role(),
      EcsParameters: { TaskDefinitionArn: taskDefinition, LaunchType: "EXTERNAL" },
      DeadLetterConfig: { Arn: queue },
    },
    { ScheduleExpression: "at(2023-11-14T22:13:45)" },
  );
  const lost = stage.addNode({ site: "ams3" });
  lost.alive = false;
  await stage.pass(41);
  lost.alive = true;
  await stage.pass(20);
  expect(stage.done()).toEqual([
    ["invoked", expect.objectContaining({ failures: 0, tasks: [], notPlaced: ["AGENT"] })],
  ]);
  expect(stage.world.aws.tasks.size).toBe(0);
  expect(await cloud().messages(queue)).toEqual([]);
});
