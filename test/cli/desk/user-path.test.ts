import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, jest, test } from "@jest/globals";
import { run } from "../../../demo/command";
import { onPremises, useProject } from "../project";

jest.setTimeout(60_000);

const project = useProject();

test("a path on the command line is relative to the folder where the command was started", async () => {
  project().configure({ sites: { berlin: onPremises("rack-1") } });
  const folder = join(project().folder, "servers");
  mkdirSync(folder);
  writeFileSync(join(folder, "hosts.yaml"), "berlin/rak-1: root@192.0.2.1\n");
  const { exitCode, stderr } = await run({
    program: process.execPath,
    args: ["../cli/anywhere.js", "join", "--inventory", "hosts.yaml"],
    folder,
    variables: project().variables,
    log: undefined,
    seconds: 60,
  });
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: expect.stringContaining("Did you mean berlin/rack-1?"),
  });
});
