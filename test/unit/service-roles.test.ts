import { expect, test } from "@jest/globals";
import { threeSites } from "../support/synthesis/environments";
import { stackOf, synth } from "../support/synthesis/synth";

const { locals } = stackOf(synth(threeSites), "control-plane");
const texts = (local: string) => (locals[local] ?? {}) as Readonly<Record<string, unknown>>;

test("each service and job has an execution and a task role, with a policy only if it needs one", () => {
  const all = ["web", "api", "worker", "report"];
  for (const purpose of ["execution", "task"]) {
    expect(texts(`${purpose}_roles`)).toEqual(
      Object.fromEntries(all.map((name) => [name, `shop--${name}--${purpose}`])),
    );
  }
  expect(Object.keys(texts("execution_secrets")).sort()).toEqual(["web", "worker"]);
  expect(Object.keys(texts("task_permissions")).sort()).toEqual(["api", "web"]);
});

test("a role's policy holds only what its own service was given", () => {
  const { services } = threeSites;
  const policy = (local: string, name: string) => String(texts(local)[name]);
  expect(policy("execution_secrets", "worker")).toContain(services.worker.registryCredentials);
  expect(policy("execution_secrets", "worker")).not.toMatch(/db-|parameter|kms:/);
  expect(policy("execution_secrets", "web")).not.toContain("secret:registry");
  expect(JSON.parse(policy("task_permissions", "api"))).toMatchObject({
    Statement: [{ Effect: "Allow", Action: ["s3:GetObject"], Resource: ["arn:aws:s3:::shop-files/*"] }],
  });
  expect(policy("task_permissions", "web")).not.toContain("s3:");
  expect(policy("task_permissions", "api")).not.toContain("ssmmessages");
});
