import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020";
import { expect } from "@jest/globals";
import { reportSchemas } from "../../../cli/report/schemas";
import type { Environment } from "../../../config/schema";
import { startDeskStage, type DeskStage } from "../../support/stages/desk-stage";
import { createProject, type Ended, type Project } from "../project";

/** A checkout of its own with stand-in stacks, whose commands find the clouds of a desk stage. */
export interface DeskProject {
  readonly stage: DeskStage;
  readonly project: Project;
  /** The environment that commands run in. */
  readonly variables: NodeJS.ProcessEnv;
  /** Runs a command. */
  anywhere(args: readonly string[], variables?: NodeJS.ProcessEnv): Promise<Ended>;
  /** Runs one with --json; its schema describes what it prints. */
  json(args: readonly string[], variables?: NodeJS.ProcessEnv): Promise<Ended & { readonly report: unknown }>;
  /** The outputs that a local state of a stack has. */
  outputs(stack: string): Readonly<Record<string, unknown>>;
  close(): Promise<void>;
}

export async function startDeskProject(environment: Omit<Environment, "name" | "aws">): Promise<DeskProject> {
  const stage = await startDeskStage(environment);
  const project = await createProject();
  project.configure({ name: "anywhere", ...environment });
  const { AWS_ENDPOINT_URL: url, DIGITALOCEAN_API_URL, DIGITALOCEAN_TOKEN } = stage.clouds;
  const found = {
    ...project.variables,
    AWS_ENDPOINT_URL_SSM: url,
    AWS_ENDPOINT_URL_ECS: url,
    DIGITALOCEAN_API_URL,
    DIGITALOCEAN_TOKEN,
  };
  const anywhere: DeskProject["anywhere"] = (args, variables = {}) =>
    project.anywhere(args, { ...found, ...variables });
  return {
    stage,
    project,
    variables: found,
    anywhere,
    json: async ([command = "", ...args], variables) => {
      const ended = await anywhere([command, "--json", ...args], variables);
      const report: unknown = JSON.parse(ended.stdout);
      const schema = reportSchemas().get(command) ?? {};
      const validate = new Ajv2020({ formats: { "date-time": true } }).compile(schema);
      validate(report);
      expect(validate.errors).toBeNull();
      return { ...ended, report };
    },
    outputs: (stack) => {
      const text = readFileSync(join(project.folder, "state", `anywhere--${stack}.tfstate`), "utf8");
      const { outputs } = JSON.parse(text) as {
        readonly outputs: Readonly<Record<string, { readonly value: unknown }>>;
      };
      return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));
    },
    close: async () => {
      await project.remove();
      await stage.close();
    },
  };
}
