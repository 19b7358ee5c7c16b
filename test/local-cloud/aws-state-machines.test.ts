import { expect, test } from "@jest/globals";
import { oneSite } from "../support/synthesis/environments";
import { stackOf, synth } from "../support/synthesis/synth";
import { authorization, useGateway } from "./aws-gateway-stage";

const stage = useGateway();

const states = async (operation: string, input: object) => {
  const response = await fetch(stage().url, {
    method: "POST",
    headers: {
      "x-amz-target": `AWSStepFunctions.${operation}`,
      authorization: authorization({ service: "states" }),
    },
    body: JSON.stringify(input),
  });
  return { status: response.status, text: await response.text() };
};

const validated = async (definition: string): Promise<unknown> =>
  JSON.parse((await states("ValidateStateMachineDefinition", { definition, type: "STANDARD" })).text);

test("the project's state machines are valid, and one with a missing target isn't", async () => {
  const checks = stackOf(synth(oneSite), "control-plane").locals["alert_checks"] ?? {};
  const definitions = Object.values(checks) as unknown as string[];
  expect(definitions).toHaveLength(2);
  for (const definition of definitions) {
    expect(await validated(definition)).toEqual({ result: "OK", diagnostics: [], truncated: false });
  }
  expect(await validated(definitions[0]?.replace('"Default":"Fine"', '"Default":"Gone"') ?? "")).toEqual({
    result: "FAIL",
    diagnostics: [
      {
        severity: "ERROR",
        code: "MISSING_TRANSITION_TARGET",
        message: "Missing 'Next' target: Gone",
        location: "/States/Decide/Default",
      },
    ],
    truncated: false,
  });
});

test.each([
  ["no JSON", "{", "INVALID_JSON_DESCRIPTION"],
  ["no start", '{"States":{}}', "SCHEMA_VALIDATION_FAILED"],
])("a definition with %s is not valid", async (_, definition, code) => {
  expect(await validated(definition)).toMatchObject({ result: "FAIL", diagnostics: [{ code }] });
});

test("moto gets the calls that it serves, and the others are refused", async () => {
  expect(await states("CreateStateMachine", { name: "check" })).toEqual({ status: 200, text: "from moto" });
  expect(stage().passedOn).toHaveLength(1);
  const { status, text } = await states("StartExecution", {});
  expect([status, JSON.parse(text)]).toMatchObject([400, { __type: "NotModelledException" }]);
  expect(stage().passedOn).toHaveLength(1);
});
