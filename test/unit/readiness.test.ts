import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { missingInput } from "../../cli/terraform/readiness";
import { parseState } from "../../cli/terraform/state-file";
import { readStacks, type Stack } from "../../cli/terraform/stacks";
import type { Terraform } from "../../cli/terraform/terraform";
import { parseConfig } from "../../config/load";
import type { Environment } from "../../config/schema";
import { oneSite } from "../support/synthesis/environments";
import { synthInto } from "../support/synthesis/synth";

type Outputs = Readonly<Record<string, unknown>>;

const { image, http } = oneSite.services.web;
const internal = (port: number) => ({
  image,
  http: { port, loadBalancer: { network: "internal" as const } },
});
const environment = {
  ...oneSite,
  sites: { ams3: { ...oneSite.sites.ams3, size: "s-4vcpu-8gb" } },
  services: {
    web: { image, http, environment: { ONE: { service: "api" }, TWO: { service: "api-2" } } },
    api: internal(8081),
    "api-2": internal(8082),
  },
  jobs: { report: { image, schedule: "rate(1 hour)", site: "ams3" } },
} satisfies Environment;
const arns = { web: "arn", api: "arn", "api-2": "arn", report: "arn" };
const deployed: Readonly<Record<string, Outputs>> = {
  "control-plane": {
    cluster_arn: "arn",
    execution_role_arns: arns,
    task_role_arns: arns,
    node_role_name: "node",
  },
  activations: {
    activation_ids: { "ams3/node-1": "1", "ams3/node-2": "2" },
    activation_codes: { "ams3/node-1": "1", "ams3/node-2": "2" },
  },
  "compute-ams3": { internal_urls: { api: "http://10.0.0.1", "api-2": "http://10.0.0.2" } },
};
let folder: string;
let stacks: readonly Stack[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "readiness-"));
  synthInto(folder, environment);
  stacks = readStacks(folder);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The missing input of a stack beside others with these outputs. */
function missing(id: string, outputsOf: Readonly<Record<string, Outputs>>): Promise<string | undefined> {
  const stack = stacks.find((one) => one.id === id);
  if (stack === undefined) {
    throw new Error(`no stack ${id}`);
  }
  const terraform: Pick<Terraform, "state"> = {
    state: (place) => {
      const outputs = Object.entries(outputsOf[stacks.find((one) => one.folder === place)?.id ?? ""] ?? {});
      const values = Object.fromEntries(outputs.map(([name, value]) => [name, { value }]));
      return Promise.resolve(parseState(JSON.stringify({ version: 4, lineage: "one", outputs: values })));
    },
  };
  return missingInput(stack, {
    environment: {
      name: "test",
      file: "test.ts",
      config: parseConfig(environment, "test.ts"),
      rollbacks: {},
    },
    stacks,
    terraform: terraform as Terraform,
    label: (_, text) => text,
  });
}

test("nothing is missing for any stack beside those that are deployed", async () => {
  expect(await Promise.all(stacks.map(({ id }) => missing(id, deployed)))).toEqual(
    stacks.map(() => undefined),
  );
});

test.each<[string, string, Outputs | undefined, string]>([
  ["service-web", "control-plane", undefined, "control-plane is not deployed"],
  [
    "service-web",
    "control-plane",
    { ...deployed["control-plane"], execution_role_arns: { api: "arn" } },
    "control-plane has no web in its output execution_role_arns",
  ],
  [
    "jobs",
    "control-plane",
    { ...deployed["control-plane"], task_role_arns: { web: "arn" } },
    "control-plane has no report in its output task_role_arns",
  ],
  [
    "activations",
    "control-plane",
    { ...deployed["control-plane"], node_role_name: undefined },
    "control-plane has no output node_role_name",
  ],
  [
    "compute-ams3",
    "activations",
    { ...deployed["activations"], activation_ids: { "ams3/node-1": "1" } },
    "activations has no activation for ams3/node-2",
  ],
  [
    "service-web",
    "compute-ams3",
    { internal_urls: { "api-2": "http://10.0.0.2" } },
    "compute-ams3 has no api in its output internal_urls",
  ],
  [
    "service-web",
    "compute-ams3",
    { internal_urls: { api: "http://10.0.0.1" } },
    "compute-ams3 has no api-2 in its output internal_urls",
  ],
])("a missing input of %s is named, with what %s has: case %#", async (id, producer, outputs, clause) => {
  expect(await missing(id, { ...deployed, [producer]: outputs ?? {} })).toBe(clause);
});
