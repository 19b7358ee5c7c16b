import { expect, jest, test } from "@jest/globals";
import { spawn } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { exitCode, fakeTerraform, fakeState, onPremises, useProject, type AtTerminal } from "./project";

jest.setTimeout(60_000);

const project = useProject();

const environment = (variables: NodeJS.ProcessEnv) => ({
  ...project().variables,
  TERRAFORM_BINARY_NAME: fakeTerraform,
  FAKE_CHANGES: "1",
  ...variables,
});

/** Waits until Terraform has been called for an apply of these stacks. */
async function applying(...stacks: readonly string[]): Promise<void> {
  const deadline = Date.now() + 20_000;
  const begun = () => {
    const lines = project().lines("record");
    return stacks.every((stack) => lines.some((line) => line.startsWith(`${stack}: apply`)));
  };
  while (!begun()) {
    if (Date.now() > deadline) {
      throw new Error(`No apply within 20 seconds: ${project().lines("record").join()}`);
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

function deployWithoutTerminal(
  variables: NodeJS.ProcessEnv = { FAKE_LASTS: "30" },
  stacks: readonly string[] = ["control-plane"],
) {
  const child = spawn(process.execPath, ["cli/anywhere.js", "deploy", ...stacks, "--auto-approve"], {
    cwd: project().folder,
    env: environment(variables),
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  child.stderr.resume();
  return child;
}

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)(
  "%s, however often it is sent, interrupts Terraform once, and the command waits for its end",
  async (signal, code) => {
    const child = deployWithoutTerminal();
    const ended = exitCode(child);
    child.stdout.resume();
    await applying("control-plane");
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
  child.stdout.resume();
  await applying("control-plane");
  process.kill(-Number(child.pid), "SIGINT");
  expect(await ended).toBe(130);
  expect(afterApply()).toEqual(["interrupted", "ended"]);
});

test("with several stacks in progress, each Terraform is interrupted once and awaited, and no other starts", async () => {
  project().configure({ sites: { a: onPremises("x"), b: onPremises("x"), c: onPremises("x") } });
  const sites = ["compute-a", "compute-b"];
  const variables = { FAKE_LASTS: "30", FAKE_STATE: fakeState(project(), ["a/x", "b/x", "c/x"]) };
  const stacks = ["compute-a", "compute-b", "compute-c", "service-web"];
  const child = deployWithoutTerminal(variables, [...stacks, "--parallel", "2"]);
  const ended = exitCode(child);
  let told = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    told += text;
  });
  child.stdout.resume();
  await applying(...sites);
  const before = project().lines("record");
  child.kill("SIGINT");
  expect(await ended).toBe(130);
  expect(told).toContain(
    [
      ...["compute-a", "compute-b", "compute-c"].map((id) => `${id}: not completed.`),
      "service-web: not started.",
      "Interrupted by SIGINT. Run the same command again: it continues where this one stopped.",
    ].join("\n"),
  );
  expect(project().lines("record").slice(before.length).sort()).toEqual([
    "ended",
    "ended",
    "interrupted",
    "interrupted",
  ]);
  expect(
    project()
      .lines("record.running")
      .filter((line) => line.endsWith(" apply"))
      .sort(),
  ).toEqual(["+", "-"].flatMap((sign) => sites.map((site) => `${sign} ${site} apply`)));
  expect(existsSync(join(project().folder, ".anywhere/cli-test/lock"))).toBe(false);
  // Plans hold secrets.
  expect(readdirSync(join(project().folder, "tmp")).filter((name) => name.startsWith("anywhere-"))).toEqual(
    [],
  );
  project().configure({});
});

test("the command waits for Terraform's end even when its own output is closed", async () => {
  const goOn = join(project().folder, "go-on");
  const child = deployWithoutTerminal({ FAKE_SAYS: "a long line", FAKE_APPLY_AWAITS: goOn });
  const ended = exitCode(child);
  await applying("control-plane");
  child.stdout.destroy();
  writeFileSync(goOn, "");
  expect(await ended).toBe(0);
  expect(project().lines("record.running")).toContain("- control-plane apply");
});

function deployAtTerminal(): AtTerminal {
  const args = ["deploy", "control-plane", "--auto-approve"];
  const child = project().anywhereAtTerminal(args, environment({ FAKE_LASTS: "30" }));
  child.stdout.resume();
  return child;
}

test("Ctrl-C at a terminal reaches Terraform once, and the command waits for its end", async () => {
  const child = deployAtTerminal();
  const ended = exitCode(child);
  await applying("control-plane");
  child.stdin.write("\x03");
  expect(await ended).toBe(130);
  expect(afterApply()).toEqual(["interrupted", "ended"]);
});

test("a second Ctrl-C at a terminal reaches Terraform too, as the order to stop at once", async () => {
  const child = deployAtTerminal();
  const ended = exitCode(child);
  await applying("control-plane");
  child.stdin.write("\x03");
  await sleep(200);
  child.stdin.write("\x03");
  expect(await ended).toBe(130);
  expect(afterApply()).toEqual(["interrupted", "interrupted", "ended"]);
});
