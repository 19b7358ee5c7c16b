import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { platform } from "../../local-cloud/terraform/mirrors";
import { prepareTerraform, type Terraform } from "../../local-cloud/terraform/setup";

const address = "registry.terraform.io/hashicorp/aws";
const place = `${address}/5.100.0/${platform}`;
const name = "terraform-provider-aws_v5.100.0_x5";

let directory: string;
let stack: string;
let setup: Terraform;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "relayed-"));
  stack = join(directory, "stack");
  mkdirSync(join(directory, "plugins"));
  placeProvider(join(directory, "mirror", place), "the provider");
  setup = await prepareTerraform({
    directory: join(directory, "cloud"),
    setting: "auto",
    environment: { PATH: process.env["PATH"], HOME: directory },
    registry: "http://127.0.0.1:1",
    mirrors: [join(directory, "mirror")],
    relay: (provider) => {
      placeProvider(join(directory, "relay", provider.place), "the relay");
      return Promise.resolve(join(directory, "relay"));
    },
  });
  mkdirSync(stack);
  const required = { terraform: { required_providers: { aws: { source: "aws", version: "5.100.0" } } } };
  writeFileSync(join(stack, "cdk.tf.json"), JSON.stringify(required));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function placeProvider(folder: string, text: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), text, { mode: 0o755 });
  return join(folder, name);
}

/** A CLI configuration with a mirror that holds the provider as an archive. */
function packedMirror(): string {
  const mirror = join(directory, "packed");
  mkdirSync(join(mirror, address), { recursive: true });
  const archive = join(mirror, address, `terraform-provider-aws_5.100.0_${platform}.zip`);
  const provider = placeProvider(join(directory, "unpacked"), "the provider from an archive");
  execFileSync("python3", ["-m", "zipfile", "-c", archive, provider]);
  const file = join(directory, "terraformrc");
  writeFileSync(
    file,
    `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\n`,
  );
  return file;
}

function init(variables: Readonly<Record<string, string>>): void {
  execFileSync("terraform", ["init", "-input=false"], {
    cwd: stack,
    env: { PATH: process.env["PATH"], HOME: directory, CHECKPOINT_DISABLE: "1", ...variables },
    stdio: "pipe",
  });
}

/** The variables of a shell that works against the local cloud. */
const ofLocalCloud = () => ({
  ...setup.environment,
  PATH: [setup.bin, process.env["PATH"] ?? ""].join(delimiter),
  TF_PLUGIN_CACHE_DIR: join(directory, "plugins"),
  TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE: "1",
});

const installed = () => join(stack, ".terraform/providers", place);

test("a stack has the relay itself, not a link to where other stacks have it from", () => {
  init(ofLocalCloud());
  init(ofLocalCloud());
  expect(lstatSync(installed()).isDirectory()).toBe(true);
  expect(readFileSync(join(installed(), name), "utf8")).toBe("the relay");
  expect(lstatSync(join(installed(), name)).mode & 0o777).toBe(0o755);
});

test.each<[string, () => Readonly<Record<string, string>>]>([
  ["another shell", () => ({})],
  ["the local cloud's shell", ofLocalCloud],
])("an archive that is installed in %s doesn't replace the relay", (_, variables) => {
  init(ofLocalCloud());
  init({ ...variables(), TF_CLI_CONFIG_FILE: packedMirror() });
  expect(readFileSync(join(installed(), name), "utf8")).toBe("the provider from an archive");
  expect(readFileSync(join(directory, "relay", place, name), "utf8")).toBe("the relay");
});
