import { existsSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { startAwsStages, type AwsStages } from "../support/scripts/cloud";
import { PublishStage } from "../support/scripts/publish";

let stages: AwsStages;
let stage: PublishStage;
let config: string;

const host = "tcp://builder:2376";
const certificates = { "ca.pem": "the CA\n", "cert.pem": "a certificate\n", "key.pem": "its key\n" };
const endpoint = [host, ...Object.values(certificates)].join("\n").replace(/\n+/g, "\n");

beforeAll(async () => {
  stages = await startAwsStages();
}, 600_000);

beforeEach(async () => {
  stage = await PublishStage.open(stages);
  config = stage.useContext("builder", host, certificates);
});

afterEach(async () => {
  expect(stage.left).toEqual([]);
  await stage.close();
});

afterAll(() => stages.close());

test.each([
  ["DOCKER_CONFIG names", () => ({ DOCKER_CONFIG: config })],
  ["DOCKER_CONFIG names by a relative path", () => ({ DOCKER_CONFIG: relative(process.cwd(), config) })],
  ["is in HOME", () => ({ HOME: dirname(config) })],
])("every call reaches the daemon of the user's context, with its certificates: %s", async (_, settings) => {
  expect(await stage.publish(settings())).toMatchObject({ status: 0 });
  // Version, build, context, login and push.
  expect(stage.recorded("endpoints")).toBe(endpoint.repeat(5));
  expect(existsSync(join(config, "contexts/meta"))).toBe(true);
});

test("every call reaches the daemon of DOCKER_HOST with the certificates in the user's configuration", async () => {
  for (const [name, content] of Object.entries(certificates)) {
    writeFileSync(join(config, name), content);
  }
  const settings = { DOCKER_CONFIG: config, DOCKER_HOST: host, DOCKER_TLS_VERIFY: "1" };
  expect(await stage.publish(settings)).toMatchObject({ status: 0 });
  // Version, build, login and push.
  expect(stage.recorded("endpoints")).toBe(endpoint.repeat(4));
});

test("the user's DOCKER_CONTEXT is kept", async () => {
  const settings = { DOCKER_CONFIG: config, DOCKER_CONTEXT: "default" };
  expect(await stage.publish(settings)).toMatchObject({ status: 0 });
  expect(stage.recorded("endpoints")).toBe("unix:///var/run/docker.sock\n".repeat(5));
});
