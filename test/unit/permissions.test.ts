import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { allowedTo } from "../support/permissions/roles";

const page = readFileSync("docs/deploying.md", "utf8");
const scripts = readdirSync("constructs", { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".sh") && !path.endsWith("bootstrap.sh"))
  .map((path) => readFileSync(join("constructs", path), "utf8"))
  .join("\n");

const commands = readFileSync("cli/remedies/certificate-release.ts", "utf8");

/** Commands that the AWS CLI has on top of the operations of the API. */
const made: Readonly<Record<string, string>> = { "get-login-password": "GetAuthorizationToken" };

/** `update-container-instances-state` → `UpdateContainerInstancesState`. */
const action = (command: string) =>
  made[command] ?? command.replace(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase());

test("the policies of deployer and destroyer allow every call that the scripts make", () => {
  const calls = [...scripts.matchAll(/(?:aws_call|details) (sts|ssm|ecs|ecr|logs) ([a-z-]+)/g)].map(
    ([, service = "", command = ""]) => `${service}:${action(command)}`,
  );
  expect(new Set(calls).size).toBeGreaterThan(15);
  const allowed = [...allowedTo("deployer"), ...allowedTo("destroyer")];
  expect(calls.filter((call) => !allowed.includes(call))).toEqual([]);
});

test("docs/deploying.md names the waits that scripts and commands have, with their defaults", () => {
  const named = [...page.matchAll(/^\| `(\w+_SECONDS)` +\| (\d+) /gm)];
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
