import { expect, test } from "@jest/globals";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError, loadEnvironment } from "../../config/load";
import type { Environment } from "../../config/schema";
import { addresses, resourceAt, stackOf, synth } from "../support/synthesis/synth";
import { oneSite } from "../support/synthesis/environments";

const [tag, other] = ["0123456789abcdef", "fedcba9876543210"];
const services = {
  web: { image: "app", http: { port: 8080 } },
  worker: { image: "app" },
  foreign: { image: "registry.example/app:v1", memoryMiB: 128 },
};
const environment: Environment = { ...oneSite, images: { app: { build: "app" } }, services };
const rollbacks = { web: { tag, from: [other] } };

test("a service that is rolled back runs the earlier image, which is neither built nor pushed", () => {
  const stack = stackOf(synth(environment, { rollbacks }), "service-web");
  expect(stack.output["image_uri"]?.["value"]).toMatch(new RegExp(`:${tag}$`));
  expect(stack.output["rolled_back"]).toMatchObject({ value: `{"tag":"${tag}","from":["${other}"]}` });
  expect(addresses(stack)).not.toContain("null_resource.image");
  expect(JSON.stringify(stack.locals)).toContain(`:${tag}`);
  expect(resourceAt(stack, "aws_ecs_task_definition.task")["depends_on"]).toBeUndefined();
});

test("other services with the same image stay at the current one", () => {
  const rolledBack = stackOf(synth(environment, { rollbacks }), "service-worker");
  expect(rolledBack).toEqual(stackOf(synth(environment), "service-worker"));
  expect(addresses(rolledBack)).toContain("null_resource.image");
  expect(rolledBack.output["rolled_back"]).toMatchObject({
    value: '${substr(join("", values(null_resource.rollout)[*].id), 0, 0)}',
  });
});

/** The environment that is loaded with ANYWHERE_ROLLBACKS. */
function loaded(text: string | undefined) {
  const folder = mkdtempSync(join(tmpdir(), "rollback-"));
  const file = join(folder, "environment.json");
  writeFileSync(file, JSON.stringify(environment));
  try {
    return loadEnvironment({ ANYWHERE_ENV: file, ANYWHERE_ROLLBACKS: text }).rollbacks;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("rollbacks are read from ANYWHERE_ROLLBACKS, and without it there are none", () => {
  expect(loaded(JSON.stringify(rollbacks))).toEqual(rollbacks);
  expect(loaded(undefined)).toEqual({});
});

test.each([
  ["no JSON", "{", "ANYWHERE_ROLLBACKS must be JSON (got {)"],
  [
    "a tag that is none",
    '{"web":{"tag":"v1","from":["fedcba9876543210"]}}',
    "ANYWHERE_ROLLBACKS web.tag must be an image tag: 16 hexadecimal digits, 0 to 9 and a to f",
  ],
  [
    "nothing from which it was",
    `{"web":{"tag":"${tag}","from":[]}}`,
    "ANYWHERE_ROLLBACKS web.from must be at least 1 item long",
  ],
  [
    "an image that is pushed elsewhere",
    `{"foreign":{"tag":"${tag}","from":["${other}"]}}`,
    "ANYWHERE_ROLLBACKS names foreign, which isn't a service whose image is built here",
  ],
  [
    "no service",
    `{"absent":{"tag":"${tag}","from":["${other}"]}}`,
    "ANYWHERE_ROLLBACKS names absent, which isn't a service",
  ],
])("rollbacks with %s are refused", (_, text, message) => {
  expect(() => loaded(text)).toThrow(ConfigError);
  expect(() => loaded(text)).toThrow(message);
});
