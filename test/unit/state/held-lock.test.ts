import { expect, test } from "@jest/globals";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { explainLock, heldLock } from "../../../cli/terraform/held-lock";

const own = `Lock Info:
  ID:        6bd1ad67-0000-0000-0000-000000000000
  Path:      
  Operation: OperationTypePlan
  Who:       us@here
  Version:   1.11.4
  Created:   2026-11-26 22:59:58 +0000 UTC
  Info:      
`;

test("for a locked workspace Terraform names its own run, which isn't shown as the holder of the lock", () => {
  // Source: Terraform, internal/cloud/state.go: LockError has the info of the caller.
  const output = `Error: Error acquiring the state lock

Error message: workspace already locked (lock ID:
"acme/a-deployment-of-a-long-name--control-plane")
${own}`;
  const lock = heldLock(output);
  expect(lock).toEqual({ id: "acme/a-deployment-of-a-long-name--control-plane", holder: undefined });
  const folder = mkdtempSync(join(tmpdir(), "a stack's "));
  const cloud = { hostname: "app.terraform.io", organization: "acme", workspaces: { name: "x" } };
  writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify({ terraform: { cloud } }));
  const text = explainLock({ id: "acme/x", holder: undefined }, folder, "terraform");
  rmSync(folder, { recursive: true });
  expect(text).toContain("The state is locked: https://app.terraform.io/app/acme/workspaces/x says who. ");
  const quoted = `'${relative(process.cwd(), folder).replaceAll("'", "'\\''")}'`;
  expect(text).toMatch(new RegExp(` force-unlock acme/x$`));
  expect(text).toContain(`terraform -chdir=${quoted} force-unlock`);
});

test("the holder of a lock is read without colours and frames", () => {
  const framed = own
    .split("\n")
    .map((line) => `\u001b[31m│\u001b[0m \u001b[0m${line}`)
    .join("\n");
  expect(heldLock(`\u001b[1mError acquiring the state lock\u001b[0m\n${framed}`)).toEqual({
    id: "6bd1ad67-0000-0000-0000-000000000000",
    holder: "us@here has held it since 2026-11-26 22:59 UTC, for: plan",
  });
});

test("an error without a lock shows no lock", () => {
  expect(heldLock("Error: Unsupported argument")).toBeUndefined();
});
