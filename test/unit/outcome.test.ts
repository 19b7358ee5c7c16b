import { expect, jest, test } from "@jest/globals";
import { outcomeText } from "../../cli/commands/outcome";
import { changesToldBy } from "../../cli/terraform/changes";
import type { Deployment } from "../../cli/commands/prepared";
import { Refusal } from "../../cli/refusals/refusal";
import type { Terraform } from "../../cli/terraform/terraform";
import { parseState, type State } from "../../cli/terraform/state-file";
import { parseConfig } from "../../config/load";
import { oneSite } from "../support/synthesis/environments";

function deploymentWith(state: () => Promise<State>): Deployment {
  const terraform: Pick<Terraform, "state"> = { state };
  return {
    environment: { name: "test", file: "test.ts", config: parseConfig(oneSite, "test.ts"), rollbacks: {} },
    stacks: [{ id: "compute-ams3", folder: "", dependencies: [], reads: [], terraform: {} }],
    terraform: terraform as Terraform,
    label: (id, text) => `${id} | ${text}`,
  };
}

/** The state of a site with these URLs. */
function stateWith(urls: Readonly<Record<string, readonly string[]>>): State {
  const instances = [{ attributes: {} }];
  return parseState(
    JSON.stringify({
      version: 4,
      lineage: "one",
      resources: [{ mode: "managed", type: "null_resource", name: "one", instances }],
      outputs: { urls: { value: urls } },
    }),
  );
}

const outcome = new Map([
  ["compute-ams3", "1 added, 0 changed, 0 destroyed"],
  ["service-web", undefined],
]);

test("changes are reported by stack, with the URLs for clients", async () => {
  const deployment = deploymentWith(() =>
    Promise.resolve(stateWith({ web: ["http://192.0.2.1", "https://example.com"] })),
  );
  const text = await outcomeText(deployment, outcome, 125);
  expect(text.split("\n")).toEqual([
    "",
    "STACK         CHANGES",
    "compute-ams3  1 added, 0 changed, 0 destroyed",
    "service-web   no changes",
    "",
    "SERVICE  SITE  URL",
    "web      ams3  http://192.0.2.1",
    "web      ams3  https://example.com",
    "",
    "Done in 2 min 5 s.",
  ]);
});

test("a destroy lists no URL of a destroyed service, and says that its load balancers remain", async () => {
  const deployment = deploymentWith(() =>
    Promise.resolve(stateWith({ web: ["http://192.0.2.1"], api: ["http://192.0.2.2"] })),
  );
  const ended = new Map([["service-web", "0 added, 0 changed, 5 destroyed"]]);
  const text = await outcomeText(deployment, ended, 4, ["service-web"]);
  expect(text.split("\n")).toEqual([
    "",
    "STACK        CHANGES",
    "service-web  0 added, 0 changed, 5 destroyed",
    "",
    "SERVICE  SITE  URL",
    "api      ams3  http://192.0.2.2",
    "",
    "The load balancers of web remain, and cost money, until you remove web from the",
    "file and deploy.",
    "",
    "Done in 4 s.",
  ]);
});

test("a state that can't be read afterwards doesn't make the deploy a failure", async () => {
  const told = jest.spyOn(console, "error").mockImplementation(() => undefined);
  const text = await outcomeText(
    deploymentWith(() => Promise.reject(new Refusal("no connection"))),
    outcome,
    3,
  );
  expect(told.mock.calls).toEqual([["compute-ams3 | Its URLs are not known: no connection"]]);
  told.mockRestore();
  expect(text).not.toContain("URL");
  expect(text).toContain("Done in 3 s.");
});

test.each([
  ["Apply complete! Resources: 3 added, 1 changed, 0 destroyed.", "3 added, 1 changed, 0 destroyed"],
  [
    "\u001b[1m\u001b[32mApply complete! Resources: 1 imported, 0 added, 0 changed, 0 destroyed.\u001b[0m",
    "1 imported, 0 added, 0 changed, 0 destroyed",
  ],
  ["Plan: 4 to add, 1 to change, 0 to destroy.", "4 to add, 1 to change, 0 to destroy"],
  ["Apply incomplete.", undefined],
])("Terraform's changes are read from %j", (line, words) => {
  expect(changesToldBy(line)).toBe(words);
});
