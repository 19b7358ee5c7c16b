import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { isInitialised, noteInitialised } from "../../cli/terraform/initialised";

let folder: string;

const variables = { TF_PLUGIN_CACHE_DIR: "/cache", AWS_PROFILE: "first" };
const provider = (version: string) => ({ source: "aws", version });
const lock = (version: string, sums = "") =>
  `provider "registry.terraform.io/hashicorp/aws" {\n  version = "${version}"\n${sums}}\n`;
const installed = ".terraform/providers/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64";

function write(file: string, content: string | object): void {
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
}

const writeStack = (terraform: object, more: object = {}) => {
  write("stack/cdk.tf.json", { terraform, ...more });
};
const local = (path: string, version = "5.100.0") => ({
  backend: { local: { path } },
  required_providers: { aws: provider(version) },
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "initialised-"));
  writeStack(local("a.tfstate"));
  write("stack/.terraform.lock.hcl", lock("5.100.0"));
  write("stack/.terraform/terraform.tfstate", { backend: { type: "local", config: { path: "a.tfstate" } } });
  write("cache/provider", "");
  mkdirSync(join(folder, "stack", dirname(installed)), { recursive: true });
  symlinkSync(join(folder, "cache"), join(folder, "stack", installed));
  noteInitialised(join(folder, "stack"), "terraform", variables);
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const remains = (command = "terraform", others: NodeJS.ProcessEnv = {}) =>
  isInitialised(join(folder, "stack"), command, { ...variables, ...others });

test("a folder stays initialised if its outputs, the environment or the checksums in its lock file change", () => {
  expect(remains()).toBe(true);
  writeStack(local("a.tfstate"), { output: { one: { value: 1 } } });
  write("stack/.terraform.lock.hcl", lock("5.100.0", '  hashes = [\n    "h1:sum",\n  ]\n'));
  expect(remains("terraform", { AWS_PROFILE: "second", TF_LOG: "TRACE" })).toBe(true);
});

test.each<readonly [string, () => void]>([
  [
    "its backend",
    () => {
      writeStack(local("b.tfstate"));
    },
  ],
  [
    "the version of a provider",
    () => {
      writeStack(local("a.tfstate", "5.99.0"));
    },
  ],
  [
    "what overrides it",
    () => {
      write("stack/anywhere_override.tf.json", { terraform: {} });
    },
  ],
  [
    "the lock of a provider",
    () => {
      write("stack/.terraform.lock.hcl", lock("5.99.0"));
    },
  ],
  [
    "its lock file, which is gone,",
    () => {
      rmSync(join(folder, "stack/.terraform.lock.hcl"));
    },
  ],
  [
    "the backend that Terraform knows",
    () => {
      write("stack/.terraform/terraform.tfstate", {});
    },
  ],
  [
    "what it had installed, which is gone,",
    () => {
      rmSync(join(folder, "stack", installed));
    },
  ],
  [
    "a plugin cache, which is gone,",
    () => {
      rmSync(join(folder, "cache"), { recursive: true });
    },
  ],
  [
    "all that is left of the last time",
    () => {
      rmSync(join(folder, "stack/.terraform"), { recursive: true });
    },
  ],
])("after a change of %s a folder is initialised again", (_, change) => {
  change();
  expect(remains()).toBe(false);
});

test("a folder is initialised again for another program, another plugin cache or other attached providers", () => {
  expect(remains("tofu")).toBe(false);
  expect(remains("terraform", { TF_PLUGIN_CACHE_DIR: "/other" })).toBe(false);
  expect(remains("terraform", { TF_REATTACH_PROVIDERS: '{"aws":{}}' })).toBe(false);
});

test("a folder with a workspace of HCP Terraform is initialised each time, in case the workspace is missing", () => {
  writeStack({ cloud: { hostname: "app.terraform.io", organization: "o", workspaces: { name: "w" } } });
  noteInitialised(join(folder, "stack"), "terraform", variables);
  expect(remains()).toBe(false);
});
