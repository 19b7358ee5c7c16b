import { expect, test } from "@jest/globals";
import { createStage, registerRevision, serviceInput, type Stage } from "../support/stages/ecs-stage";

/** A stage with one task of a service, half a minute later, and what names a container of it. */
function started(input: object, container: object = {}) {
  const stage = createStage({ lostAfter: 60 });
  const node = stage.addNode();
  registerRevision(stage.call, container);
  stage.call("CreateService", serviceInput({ desiredCount: 1, enableExecuteCommand: true, ...input }));
  stage.advance(30);
  const task = stage.tasks()[0]?.arn ?? "";
  return { stage, node, task: { cluster: "anywhere", task, command: "sh", interactive: true } };
}

const agents = ({ call }: Stage, task: string) =>
  call("DescribeTasks", { cluster: "anywhere", tasks: [task] }) as {
    tasks: [{ enableExecuteCommand: boolean; containers: [{ managedAgents?: object[] }] }];
  };

const notEnabled = "execute command was not enabled when the task was run";

test("a session is opened in a task with ECS Exec enabled, at an address that leads nowhere", () => {
  const { stage, task } = started({});
  const answer = stage.call("ExecuteCommand", task) as { session: { streamUrl: string; tokenValue: string } };
  expect(answer).toMatchObject({
    taskArn: task.task,
    containerName: "app",
    interactive: true,
    session: { sessionId: expect.stringMatching(/^ecs-execute-command-\w{17}$/) },
  });
  expect(new URL(answer.session.streamUrl).hostname).toBe("ssmmessages.invalid");
  expect(answer.session.tokenValue).not.toBe("");
  expect(agents(stage, task.task).tasks).toMatchObject([
    {
      enableExecuteCommand: true,
      containers: [{ managedAgents: [{ name: "ExecuteCommandAgent", lastStatus: "RUNNING" }] }],
    },
  ]);
});

test("no session is opened in a task without ECS Exec enabled, or in a container that can't be written to", () => {
  const disabled = started({ enableExecuteCommand: false });
  expect(() => disabled.stage.call("ExecuteCommand", disabled.task)).toThrow(notEnabled);
  const [{ enableExecuteCommand, containers }] = agents(disabled.stage, disabled.task.task).tasks;
  expect({ enableExecuteCommand, agents: containers[0].managedAgents }).toEqual({
    enableExecuteCommand: false,
    agents: undefined,
  });
  const readOnly = started({}, { readonlyRootFilesystem: true });
  expect(() => readOnly.stage.call("ExecuteCommand", readOnly.task)).toThrow(notEnabled);
  expect(agents(readOnly.stage, readOnly.task.task).tasks).toMatchObject([
    { containers: [{ managedAgents: [{ lastStatus: "STOPPED" }] }] },
  ]);
});

test("no session is opened without a task, a container, the interactive mode or a connected agent", () => {
  const { stage, node, task } = started({});
  const failing = (input: object) => () => stage.call("ExecuteCommand", { ...task, ...input });
  expect(failing({ task: "absent" })).toThrow("The specified task was not found.");
  expect(failing({ container: "absent" })).toThrow("The specified container was not found in the task.");
  expect(failing({ interactive: false })).toThrow("Interactive is the only mode supported currently.");
  node.alive = false;
  stage.advance(90);
  expect(failing({})).toThrow(expect.objectContaining({ code: "TargetNotConnectedException" }));
});
