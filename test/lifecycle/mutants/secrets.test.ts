import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { watchProcesses, type Seen } from "../../support/observation/processes";
import { processFindings, type Kind } from "../../support/observation/secrets";
import { eventually } from "../../support/jest/eventually";

const watch = watchProcesses();
const folder = mkdtempSync(join(tmpdir(), "secrets-"));

afterAll(() => {
  watch.end();
  rmSync(folder, { recursive: true });
});

/** Runs a script of this name until the watch has seen it. */
async function run(name: string, words: readonly string[], variables: NodeJS.ProcessEnv): Promise<void> {
  const script = join(folder, name);
  writeFileSync(script, "#!/usr/bin/env bash\nread -r\n", { mode: 0o700 });
  const mark = randomUUID();
  const child = spawn(script, [...words, mark], { env: { PATH: process.env["PATH"], ...variables } });
  await eventually(`${name} has been seen`, () =>
    Promise.resolve(watch.seen().some(({ commandLine }) => commandLine.includes(mark)) ? true : undefined),
  );
  child.stdin.end();
  await once(child, "close");
}

test("a process that exposes a secret is reported with its name, the secret's kind and the place; required uses aren't", async () => {
  const [code, token] = [randomUUID(), randomUUID()];
  const kindsIn = (text: string): Kind[] => [
    ...(text.includes(code) ? (["activation code"] as const) : []),
    ...(text.includes(token) ? (["DigitalOcean token"] as const) : []),
  ];
  const isOurs = ({ environment }: Seen): boolean => environment.includes("OURS=yes");
  await run("exports-code", [], { ACTIVATION_CODE: code, OURS: "yes" });
  await run("passes-token", ["-H", `Authorization: Bearer ${token}`], { OURS: "yes" });
  await run("takes-token", [], { DIGITALOCEAN_TOKEN: token });
  await run("amazon-ssm-agent", ["-register", "-code", code], {});
  await run("is-handed-token", [], { DIGITALOCEAN_TOKEN: token, OURS: "yes" });
  expect(processFindings(watch.seen(), isOurs, kindsIn)).toEqual([
    "DigitalOcean token in the command line of passes-token",
    "DigitalOcean token in the environment of takes-token",
    // On a machine it may.
    "activation code in the command line of amazon-ssm-agent",
    "activation code in the environment of exports-code",
  ]);
  const onMachine = watch.seen().map((process) => ({ ...process, onMachine: true }));
  expect(processFindings(onMachine, isOurs, kindsIn)).toEqual([
    "DigitalOcean token in the command line of passes-token on a machine",
    "DigitalOcean token in the environment of takes-token on a machine",
    "activation code in the environment of exports-code on a machine",
  ]);
});
