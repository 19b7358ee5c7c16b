import { expect, test } from "@jest/globals";
import { missingInput } from "../../cli/terraform/readiness";
import type { Stack } from "../../cli/terraform/stacks";
import { parseState } from "../../cli/terraform/state-file";
import type { Terraform } from "../../cli/terraform/terraform";
import { parseConfig } from "../../config/load";
import { threeSites } from "../support/synthesis/environments";

const controlPlane: Stack = {
  id: "control-plane",
  folder: "control-plane",
  dependencies: [],
  reads: [],
  terraform: {},
};

/**
 * The missing input of a stack whose control plane has roles for these services and jobs; undefined is one without a
 * state.
 */
function missing(id: string, roles: readonly string[] | undefined): Promise<string | undefined> {
  const value = Object.fromEntries((roles ?? []).map((name) => [name, `arn:${name}`]));
  const state = { version: 4, lineage: "one", outputs: { execution_role_arns: { value } } };
  const terraform: Pick<Terraform, "state"> = {
    state: () => Promise.resolve(parseState(roles === undefined ? "" : JSON.stringify(state))),
  };
  const deployment = {
    environment: { name: "test", file: "test.ts", config: parseConfig(threeSites, "test.ts"), rollbacks: {} },
    stacks: [controlPlane],
    terraform: terraform as Terraform,
    label: (_: string, text: string) => text,
  };
  return missingInput({ ...controlPlane, id, reads: [controlPlane.id] }, deployment);
}

test.each([
  ["service-web", ["api", "worker", "report"], "control-plane has no roles for the service web"],
  ["jobs", ["web", "api", "worker"], "control-plane has no roles for the job report"],
  ["jobs", undefined, "control-plane is not deployed"],
  ["service-web", ["web"], undefined],
  ["jobs", ["report"], undefined],
  ["activations", ["web"], undefined],
])("a missing input of %s is named, with roles for %j", async (id, roles, clause) => {
  expect(await missing(id, roles)).toBe(clause);
});
