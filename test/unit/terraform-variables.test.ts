import { afterEach, expect, test } from "@jest/globals";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { findToken } from "../../cli/checks/terraform-token";
import { Refusal } from "../../cli/refusals/refusal";
import { terraformBinary, terraformVariables } from "../../cli/terraform/terraform";

const startedIn = "ANYWHERE_STARTED_IN";

afterEach(() => {
  Reflect.deleteProperty(process.env, startedIn);
});

test("Terraform gets the paths that its user gives relative to where a command was started as absolute ones", () => {
  const folder = mkdtempSync(join(tmpdir(), "started-in-"));
  writeFileSync(join(folder, "ci.tfrc"), 'credentials "tfe.example.com" {\n  token = "of-ci"\n}\n');
  process.env[startedIn] = folder;
  const given = { TF_CLI_CONFIG_FILE: "ci.tfrc", TF_PLUGIN_CACHE_DIR: "plugins" };
  expect(terraformVariables(given)).toMatchObject({
    TF_CLI_CONFIG_FILE: join(folder, "ci.tfrc"),
    TF_PLUGIN_CACHE_DIR: join(folder, "plugins"),
  });
  expect(existsSync(join(folder, "plugins"))).toBe(true);
  expect(findToken("tfe.example.com", given)).toEqual({ token: "of-ci" });
  expect(terraformBinary({ TERRAFORM_BINARY_NAME: "./bin/tofu" })).toBe(join(folder, "bin/tofu"));
  expect(terraformBinary({ TERRAFORM_BINARY_NAME: "tofu" })).toBe("tofu");
});

test("empty variables count as unset, as Terraform takes them", () => {
  const found = terraformVariables({ TF_CLI_CONFIG_FILE: "", TF_PLUGIN_CACHE_DIR: "" });
  expect(found).toMatchObject({ TF_PLUGIN_CACHE_DIR: resolve("node_modules/.cache/terraform-plugins") });
  expect(found).not.toHaveProperty("TF_CLI_CONFIG_FILE");
});

test.each(["/dev/null/plugins", "/proc/plugins"])(
  "the folder %s for providers is refused in one line",
  (folder) => {
    expect(() => terraformVariables({ TF_PLUGIN_CACHE_DIR: folder })).toThrow(Refusal);
  },
);
