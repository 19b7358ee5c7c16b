import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

const readme = readFileSync("README.md", "utf8");
const scripts = readdirSync("constructs", { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".sh") && !path.endsWith("bootstrap.sh"))
  .map((path) => readFileSync(join("constructs", path), "utf8"))
  .join("\n");

const commands = readFileSync("cli/remedies/certificate-release.ts", "utf8");

/** Commands that the AWS CLI has on top of the operations of the API. */
const made: Readonly<Record<string, string>> = { "get-login-password": "GetAuthorizationToken" };

// Source: Amazon ECR User Guide, "IAM permissions for pushing an image".
const pushes = [
  "ecr:BatchCheckLayerAvailability",
  "ecr:BatchGetImage",
  "ecr:CompleteLayerUpload",
  "ecr:InitiateLayerUpload",
  "ecr:PutImage",
  "ecr:UploadLayerPart",
];

/** `update-container-instances-state` → `UpdateContainerInstancesState`. */
const action = (command: string) =>
  made[command] ?? command.replace(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase());

test("the README's permissions are exactly the calls that the scripts make, and those of a push", () => {
  const calls = [...scripts.matchAll(/(?:aws_call|details) (sts|ssm|ecs|ecr) ([a-z-]+)/g)].map(
    ([, service = "", command = ""]) => `${service}:${action(command)}`,
  );
  const section = (readme.split("### Permissions")[1] ?? "").split("###")[0] ?? "";
  const named = [...section.matchAll(/`((?:sts|ssm|ecs|ecr):\w+)`/g)].map(([, name]) => name);
  expect(named.filter((name) => name !== "ssm:AddTagsToResource").sort()).toEqual(
    [...new Set([...calls, ...pushes])].sort(),
  );
});

test("the README names the waits that scripts and commands have, with their defaults", () => {
  const named = [...readme.matchAll(/`(\w+_SECONDS)`\s\((\d+),/g)];
  for (const [, name = "", seconds = ""] of named) {
    // A default of its own, one that is handed to the script and, without it, this, or one of our commands.
    const texts = [
      `\${${name}:-${seconds}}`,
      `\${${name}:-\${DEFAULT_${name}:-${seconds}}}`,
      `["${name}"] ?? ${seconds}`,
    ];
    expect([name, texts.some((text) => `${scripts}${commands}`.includes(text))]).toEqual([name, true]);
  }
  expect(named.map(([, name]) => name).sort()).toEqual([
    "BUILD_SECONDS",
    "GRACE_SECONDS",
    "LATE_INSIGHTS_SECONDS",
    "PUSH_SECONDS",
    "RECONNECT_SECONDS",
    "RELEASE_SECONDS",
    "TIMEOUT_SECONDS",
  ]);
});
