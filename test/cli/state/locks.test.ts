import { expect, test } from "@jest/globals";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../../config/schema";
import { fakeState, fakeTerraform, useProject } from "../project";

const project = useProject();

/** As Terraform 1.11 says it. */
const refused = (message: string, info: string) => `╷
│ Error: Error acquiring the state lock
│ 
│ Error message: ${message}
│ Lock Info:
│   ID:        27dbaa3c-4b53-f18d-aa24-7dd6cd9b0e7f
│   Path:      ${info}
│   Operation: OperationTypeApply
│   Who:       ada@laptop
│   Version:   1.11.4
│   Created:   2026-11-26 22:59:58.760231 +0000 UTC
│   Info:      
│ 
│ 
│ Terraform acquires a state lock to protect the state from being written
│ by multiple users at the same time.
╵
`;

const run = (command: string, fails: string, reason: string, backend?: Environment["backend"]) => {
  project().configure(backend === undefined ? {} : { backend });
  const file = join(project().folder, "reason");
  writeFileSync(file, reason);
  return project().anywhere([command, "control-plane", ...(command === "diff" ? [] : ["--auto-approve"])], {
    TERRAFORM_BINARY_NAME: fakeTerraform,
    FAKE_FAILS: fails,
    FAKE_REASON: file,
    FAKE_CHANGES: "1",
    FAKE_VERSION: "1.11.4",
    FAKE_STATE: fakeState(project(), []),
    TF_TOKEN_app_terraform_io: "token",
  });
};
const holder = "ada@laptop has held it since 2026-11-26 22:59 UTC, for: apply";
const folder = "cdktf.out/environment/stacks/control-plane";

test.each([
  ["diff", "control-plane plan"],
  ["deploy", "control-plane apply"],
])("%s reports who holds a lock in S3, and the command that breaks it", async (command, fails) => {
  const backend = { kind: "s3", bucket: "shop-states", region: "eu-west-1" } as const;
  const reason = refused(
    "operation error S3: PutObject, https response error\n│ StatusCode: 412, api error PreconditionFailed",
    "shop-states/cli-test--control-plane.tfstate",
  );
  const { exitCode, stderr } = await run(command, fails, reason, backend);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(
    `control-plane | The state is locked: ${holder}. Wait until that run has ended, and run the same command again. ` +
      "Only if it has certainly ended without releasing the lock (it was killed, or lost its machine or " +
      `network), break the lock: ${fakeTerraform} -chdir=${folder} force-unlock 27dbaa3c-4b53-f18d-aa24-7dd6cd9b0e7f\n`,
  );
});

test("a locked local state needs no force-unlock: its lock ends with the process that holds it", async () => {
  const reason = refused(
    "resource temporarily unavailable",
    "../../../state/cli-test--control-plane.tfstate",
  );
  const { stderr } = await run("diff", "control-plane plan", reason);
  expect(stderr).toContain(
    `control-plane | The state is locked: ${holder}. Wait until that run has ended, or end it, and run the same command again.\n`,
  );
  expect(stderr).not.toContain("force-unlock");
});

test("locks aren't mentioned when something else fails", async () => {
  const { exitCode, stderr } = await run("diff", "control-plane plan", "Error: No such bucket\n");
  expect(exitCode).toBe(1);
  expect(stderr).not.toContain("locked");
});
