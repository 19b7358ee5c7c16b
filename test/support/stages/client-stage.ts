import { afterAll, afterEach, beforeAll } from "@jest/globals";
import { mkdirSync, openSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Operations } from "../../../local-cloud/aws/protocol/operation";
import { serviceDeploymentOperations } from "../../../local-cloud/aws/ecs/services/service-deployments";
import { serviceOperations } from "../../../local-cloud/aws/ecs/services/services";
import { taskDefinitionOperations } from "../../../local-cloud/aws/ecs/tasks/task-definitions";
import { taskOperations } from "../../../local-cloud/aws/ecs/tasks/tasks";
import { startLocalCloud, type LocalCloud } from "../../../local-cloud/start";
import { commandLine, javaScriptSdk, type AwsClient } from "./aws-client";
import { createFleet, type Fleet } from "./fleet";

/** The clients that others wrote, for `describe.each`. */
export const clients = [
  { name: "cli", title: "the AWS CLI", open: commandLine, product: /^aws-cli\// },
  { name: "sdk", title: "the AWS SDK for JavaScript", open: javaScriptSdk, product: /^aws-sdk-js\// },
];

/** Operations of task definitions, services and tasks, by name. */
export const schedulerOperations: Operations = {
  ...taskDefinitionOperations,
  ...serviceOperations,
  ...serviceDeploymentOperations,
  ...taskOperations,
};

/** A local cloud without computers, whose lists come in pages of one. */
export interface ClientStage {
  readonly cloud: LocalCloud;
  /** Does what a test needs beside the calls that it is about. */
  readonly sdk: AwsClient;
  readonly fleet: Fleet;
  /** The operations that a client has run with success, each once, as `service operation`, sorted. */
  runBy(product: RegExp): Promise<string[]>;
  stop(): Promise<void>;
}

/** @param name of the folder below .local-cloud/tests/ */
async function startClientStage(name: string): Promise<ClientStage> {
  const directory = resolve(".local-cloud", "tests", name);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const cloud = await startLocalCloud({
    directory,
    args: ["--sandbox", "process", "--page-size", "1"],
    output: openSync(join(directory, "cloud.log"), "w"),
  });
  const sdk = javaScriptSdk(cloud);
  return {
    cloud,
    sdk,
    fleet: createFleet(cloud, sdk),
    runBy: async (product) => {
      const entries = (await cloud.admin.journal(0)).filter(
        ({ caller = "", status }) => product.test(caller) && status === 200,
      );
      return [...new Set(entries.map((entry) => `${entry.service} ${entry.name}`))].sort();
    },
    stop: async () => {
      sdk.close();
      await cloud.stop();
    },
  };
}

/** ARN of a resource of the cloud's account and region. */
export function ecsArn(resource: string): string {
  return `arn:aws:ecs:eu-west-1:123456789012:${resource}`;
}

/** Registers the next revision of a family with one container. */
export function registerRevision(client: AwsClient, family: string, container: object = {}): Promise<object> {
  return client.ecs("RegisterTaskDefinition", {
    family,
    requiresCompatibilities: ["EXTERNAL"],
    networkMode: "bridge",
    containerDefinitions: [{ name: "app", image: "registry.example/app:v1", memory: 64, ...container }],
  });
}

/** Sets a stage for the tests of a file, whose fleet ends with each. */
export function useClientStage(name: string): () => ClientStage {
  let stage: ClientStage;

  beforeAll(async () => {
    stage = await startClientStage(name);
  }, 300_000);

  afterEach(() => stage.fleet.stop());

  afterAll(() => stage.stop());

  return () => stage;
}

/** Opens a client for the tests of a block. */
export function useClient(stage: () => ClientStage, open: (cloud: LocalCloud) => AwsClient): () => AwsClient {
  let client: AwsClient;

  beforeAll(() => {
    client = open(stage().cloud);
  });

  afterAll(() => {
    client.close();
  });

  return () => client;
}
