import { expect, jest, test } from "@jest/globals";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../demo/command";
import { fakeTerraform, useProject } from "./project";

jest.setTimeout(120_000);

const project = useProject();

test.each(["remote", "agent"] as const)(
  "with execution %s, where HCP Terraform plans, every script refuses and says what to run instead",
  async (execution) => {
    const { folder, variables } = project();
    const pool = execution === "agent" && { agentPool: "own" };
    project().configure({ backend: { kind: "cloud", organization: "acme", execution, ...pool } });
    expect(await project().anywhere(["synth"])).toSucceed();
    const calls = [["plan", "plans"], ["drift"], ["destroy", "cli-test"]] as const;
    for (const [name, ...args] of calls) {
      const refused = await run({
        program: join(folder, "pipelines", `${name}.sh`),
        args,
        folder,
        variables: { ...variables, TERRAFORM_BINARY_NAME: fakeTerraform },
        log: undefined,
        seconds: 60,
      });
      expect(refused).toEqual({
        exitCode: 1,
        stdout: "",
        stderr:
          "environment: environment (environment.json)\n" +
          `environment.json: backend.execution is "${execution}", so HCP Terraform itself plans and applies: ` +
          'instead of this script, run "npx anywhere diff", "npm run deploy", "npm run destroy" or "npx anywhere heal".\n',
      });
    }
    expect(readdirSync(join(folder, "plans"))).toEqual([]);
    expect(project().lines("record")).toEqual([]);
  },
);
