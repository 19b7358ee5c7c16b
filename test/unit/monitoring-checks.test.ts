import { expect, test } from "@jest/globals";
import validate from "asl-validator";
import { oneSite } from "../support/synthesis/environments";
import { runStateMachine, type StateMachine } from "../support/synthesis/state-machine";
import { stackOf, synth } from "../support/synthesis/synth";

const definitions = stackOf(synth(oneSite), "control-plane").locals["alert_checks"] ?? {};
const machineOf = (check: string) => JSON.parse(definitions[check] as unknown as string) as StateMachine;
const topic = "arn:aws:sns:eu-west-1:123456789012:shop--alerts";

test.each(Object.keys(definitions))("the state machine %s is valid", (check) => {
  expect(validate(machineOf(check))).toMatchObject({ isValid: true, errors: [] });
});

const instanceArn = "arn:aws:ecs:eu-west-1:123456789012:container-instance/shop/0123";
/** Of ECS's event, what the machine reads. */
const disconnected = { detail: { containerInstanceArn: instanceArn, agentConnected: false, version: 7 } };
const instance = {
  Ec2InstanceId: "mi-0123456789abcdef0",
  Status: "ACTIVE",
  AgentConnected: false,
  Version: 7,
  Attributes: [
    { Name: "ecs.os-type", Value: "linux" },
    { Name: "anywhere.site", Value: "ams3" },
    { Name: "anywhere.node", Value: "node-1" },
  ],
};

const afterDisconnection = (instances: readonly object[]) =>
  runStateMachine(machineOf("agent-lost"), {
    input: disconnected,
    startTime: "2026-11-26T12:00:00.000Z",
    answer: () => ({ ContainerInstances: instances, Failures: [] }),
  });

test("an agent that has been disconnected for ten minutes is reported with the name of its node", async () => {
  const { waited, calls } = await afterDisconnection([instance]);
  expect(waited).toBe(600);
  expect(calls).toEqual([
    {
      action: "ecs:describeContainerInstances",
      input: {
        Cluster: "arn:aws:ecs:eu-west-1:123456789012:cluster/shop",
        ContainerInstances: [instanceArn],
      },
    },
    {
      action: "sns:publish",
      input: {
        TopicArn: topic,
        Subject: "shop: agent-lost",
        Message:
          "Node ams3/node-1 of shop (mi-0123456789abcdef0): its ECS agent has not been connected for 10 minutes.\n\n" +
          "A node's ECS agent has not been connected for 10 minutes. Runbook: docs/operations.md#agent-lost",
      },
    },
  ]);
});

test.each([
  ["has come back", [{ ...instance, AgentConnected: true, Version: 8 }]],
  ["came back and went again, of which another event tells", [{ ...instance, Version: 9 }]],
  ["is deregistered", [{ ...instance, Status: "INACTIVE", Version: 8 }]],
  ["is unknown to ECS", []],
])("an agent that %s isn't reported", async (_, instances) => {
  const { calls } = await afterDisconnection(instances);
  expect(calls.map(({ action }) => action)).toEqual(["ecs:describeContainerInstances"]);
});

const activation = (name: string, hours: number, more: object = {}) => ({
  ActivationId: name,
  DefaultInstanceName: `shop--berlin--${name}`,
  IamRole: "shop--node",
  RegistrationLimit: 1,
  RegistrationsCount: 0,
  Expired: false,
  ExpirationDate: new Date(Date.UTC(2026, 10, 26, 12 + hours)).toISOString(),
  ...more,
});

const withActivations = (...pages: readonly (readonly object[])[]) =>
  runStateMachine(machineOf("activation-unused"), {
    input: {},
    startTime: "2026-11-26T12:00:00.000Z",
    answer: (action, input) => {
      const { NextToken = "0" } = input as { NextToken?: string };
      const page = Number(NextToken);
      return action === "sns:publish"
        ? {}
        : {
            ActivationList: pages[page],
            ...(page + 1 < pages.length && { NextToken: String(page + 1) }),
          };
    },
  });

test("unused activations that expire within two days are reported in one message, across all pages", async () => {
  const { calls } = await withActivations(
    [activation("rack-1", 47), activation("rack-2", 49), activation("rack-3", 1, { RegistrationsCount: 1 })],
    [activation("rack-4", -1, { Expired: true })],
    [activation("rack-5", 1)],
  );
  const filter = { MaxResults: 50, Filters: [{ FilterKey: "IamRole", FilterValues: ["shop--node"] }] };
  expect(calls).toEqual([
    { action: "ssm:describeActivations", input: filter },
    { action: "ssm:describeActivations", input: { ...filter, NextToken: "1" } },
    { action: "ssm:describeActivations", input: { ...filter, NextToken: "2" } },
    {
      action: "sns:publish",
      input: {
        TopicArn: topic,
        Subject: "shop: activation-unused",
        Message:
          "No machine has used these activations of shop, which expire soon:\n" +
          "shop--berlin--rack-1 until 2026-11-28T11:00:00.000Z\n" +
          "shop--berlin--rack-5 until 2026-11-26T13:00:00.000Z\n\n" +
          "An activation expires within two days, and no machine has used it. Runbook: docs/operations.md#activation-unused",
      },
    },
  ]);
});

test.each([
  ["there are none", []],
  [
    "all are used, expired or have time",
    [activation("a", 1, { RegistrationsCount: 1 }), activation("b", 72)],
  ],
])("no activations are reported if %s", async (_, activations) => {
  const { calls } = await withActivations(activations);
  expect(calls.map(({ action }) => action)).toEqual(["ssm:describeActivations"]);
});
