import { expect, jest, test } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { exitCode, fakeTerraform, useProject, type AtTerminal } from "./project";

jest.setTimeout(20_000);

const project = useProject();

const environment = (variables: NodeJS.ProcessEnv) => ({
  ...project().variables,
  TERRAFORM_BINARY_NAME: fakeTerraform,
  ...variables,
});

/** Waits until Terraform has been called for an apply. */
async function applying(): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (
    !project()
      .lines("record")
      .some((line) => line.startsWith("control-plane: apply"))
  ) {
    if (Date.now() > deadline) {
      throw new Error(`No apply within 10 seconds: ${project().lines("record").join()}`);
    }
    await sleep(50);
  }
  // The script sets its trap just after it has recorded the call.
  await sleep(200);
}

const afterApply = () =>
  project()
    .lines("record")
    .filter((line) => !line.includes(": "));

function deployWithoutTerminal(): ChildProcess {
  return spawn(process.execPath, ["cli/anywhere.js", "deploy", "control-plane", "--auto-approve"], {
    cwd: project().folder,
    env: environment({ FAKE_LASTS: "15" }),
    stdio: "ignore",
    detached: true,
  });
}

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)(
  "%s, however often it comes, interrupts Terraform once and waits for its end",
  async (signal, code) => {
    const child = deployWithoutTerminal();
    const ended = exitCode(child);
    await applying();
    child.kill(signal);
    await sleep(100);
    child.kill(signal);
    expect(await ended).toBe(code);
    expect(afterApply()).toEqual(["interrupted", "ended"]);
  },
);

test("a signal to the whole process group interrupts Terraform once", async () => {
  const child = deployWithoutTerminal();
  const ended = exitCode(child);
  await applying();
  process.kill(-Number(child.pid), "SIGINT");
  expect(await ended).toBe(130);
  expect(afterApply()).toEqual(["interrupted", "ended"]);
});

function deployAtTerminal(variables: NodeJS.ProcessEnv): AtTerminal {
  const child = project().anywhereAtTerminal(["deploy", "control-plane"], environment(variables));
  child.stdout.resume();
  return child;
}

test("Ctrl-C at a terminal reaches Terraform once, and the command waits for its end", async () => {
  const child = deployAtTerminal({ FAKE_LASTS: "15" });
  const ended = exitCode(child);
  await applying();
  child.stdin.write("\x03");
  expect(await ended).toBe(130);
  expect(afterApply()).toEqual(["interrupted", "ended"]);
});

test("at a terminal the user answers Terraform's own question", async () => {
  const child = deployAtTerminal({ FAKE_ASKS: "1" });
  const ended = exitCode(child);
  await applying();
  child.stdin.write("yes\n");
  expect(await ended).toBe(0);
  expect(project().lines("record").slice(-2)).toEqual(["control-plane: apply", "answer: yes"]);
});
