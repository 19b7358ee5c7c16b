import { afterEach, beforeAll, afterAll, expect, jest, test } from "@jest/globals";
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../config/schema";
import { createProject, type Project } from "./project";

// With the Terraform of the machine, on resources that need no provider.
jest.setTimeout(120_000);

let project: Project;
const at = (path: string) => join(project.folder, path);

beforeAll(async () => {
  project = await createProject();
  project.configure({});
  cpSync(at("environment.json"), at("deployed.json"));
  expect(await project.anywhere(["deploy", "--auto-approve"])).toSucceed();
});

afterAll(() => project.remove());

afterEach(() => {
  rmSync(at("copy.json"), { force: true });
  project.configure({});
});

/** Writes a copy of the environment's file, with these changes. */
function write(change: Partial<Environment> = {}): void {
  const original = JSON.parse(readFileSync(at("deployed.json"), "utf8")) as Environment;
  writeFileSync(at("copy.json"), JSON.stringify({ ...original, ...change }));
}

const diff = (file = "environment.json") => project.anywhere(["diff"], { ANYWHERE_ENV: file });

const diffOf = (change?: Partial<Environment>) => {
  write(change);
  return diff("copy.json");
};

const twins =
  "copy.json and environment.json describe one deployment, cli-test: a deploy of either replaces what the other has " +
  "deployed. Unless you want that, give one of them another name.\n";

test("a copy of an environment file that describes the same deployment is reported, and may be given another name", async () => {
  expect(await diffOf()).toMatchObject({ exitCode: 0, stderr: expect.stringContaining(twins) });
  const withoutWarning = { stderr: expect.not.stringMatching(/one deployment|the same name/) };
  expect(await diffOf({ name: "cli-copy" })).toMatchObject({ exitCode: 2, ...withoutWarning });
  expect(await diff()).toMatchObject({ exitCode: 0, ...withoutWarning });
  expect((await diffOf({ backend: { kind: "local", folder: "elsewhere" } })).stderr).toContain(
    "copy.json and environment.json have the same name, cli-test, and account, but different backends",
  );
  write({ aws: { region: "eu-west-1", accountId: "444455556666" } });
  expect(await diff()).toMatchObject({ exitCode: 0, ...withoutWarning });
});

test("another name is refused while the former is deployed, whatever became of a copy of the file", async () => {
  const refused = {
    exitCode: 1,
    stderr: expect.stringContaining("A deployment can't be renamed: put cli-test back."),
  };
  await diffOf();
  write({ name: "cli-copy" });
  project.configure({ name: "cli-renamed" });
  expect(await diff()).toMatchObject(refused);
  // As long as the copy describes the former one, that isn't lost; then it is.
  write();
  expect((await diff()).exitCode).toBe(2);
  rmSync(at("copy.json"));
  expect(await diff()).toMatchObject(refused);
  symlinkSync("environment.json", at("copy.json"));
  expect(await diff()).toMatchObject(refused);
  rmSync(at("copy.json"));
});
