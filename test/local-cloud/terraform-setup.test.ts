import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { execFile } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { endWrappers } from "../../local-cloud/terraform/overrides";
import { prepareTerraform, type TerraformOptions, type Terraform } from "../../local-cloud/terraform/setup";

const platform = `${process.platform}_${process.arch === "x64" ? "amd64" : process.arch}`;
const noRegistry = "http://127.0.0.1:1";
const pinnedAws = "6.25.0";

let directory: string;
let bin: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "terraform-setup-"));
  bin = join(directory, "path");
  await installTerraform("1.11.4");
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** A terraform that tells its version, and otherwise its words; `init` locks what `locked` holds, and fails to upgrade. */
async function installTerraform(version: string): Promise<void> {
  const script = `#!/usr/bin/env bash
if [[ $1 == version ]]; then echo '{"terraform_version": "${version}"}'; else echo "real: $*"; fi
if [[ $1 == init ]]; then cp '${directory}/locked' .terraform.lock.hcl; [[ $2 != -upgrade ]]; fi
`;
  await writeExecutable(join(bin, "terraform"), script);
}

async function writeExecutable(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  await chmod(path, 0o755);
}

async function mirror(name: string, ...versions: string[]): Promise<string> {
  const root = join(directory, "mirror it's");
  for (const version of versions) {
    await mkdir(join(root, "registry.terraform.io", name, version, platform), { recursive: true });
  }
  return root;
}

function prepare(more: Partial<TerraformOptions> = {}): Promise<Terraform> {
  return prepareTerraform({
    directory: join(directory, "cloud"),
    setting: "auto",
    environment: { PATH: `${bin}:${process.env.PATH ?? ""}`, HOME: directory },
    registry: noRegistry,
    mirrors: [],
    ...more,
  });
}

/** Runs the wrapper as a user does; in a stack that requires these providers. */
async function run(
  { bin: wrapper, environment }: Terraform,
  words: readonly string[],
  requires: object = { aws: { source: "aws", version: pinnedAws } },
): Promise<{ stdout: string; stderr: string; override: unknown }> {
  const stack = join(directory, "stack");
  await mkdir(stack, { recursive: true });
  const content = { terraform: { backend: { local: { path: "x" } }, required_providers: requires } };
  await writeFile(join(stack, "cdk.tf.json"), JSON.stringify(content, null, 2));
  const cwd = words[0]?.startsWith("-chdir") === true ? directory : stack;
  const streams = await new Promise<{ stdout: string; stderr: string }>((resolve, reject) => {
    execFile(
      "terraform",
      [...words],
      { cwd, env: { ...environment, PATH: `${wrapper}:${process.env.PATH ?? ""}` } },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve({ stdout, stderr });
        } else {
          reject(new Error(stderr));
        }
      },
    );
  });
  const text = await readFile(join(stack, "anywhere_override.tf.json"), "utf8").catch(() => "null");
  return { ...streams, override: JSON.parse(text) as unknown };
}

test("the newest version in a mirror overrides a pin that it lacks, where the provider is required", async () => {
  const root = await mirror("hashicorp/aws", "5.100.0", "5.9.0");
  const setup = await prepare({ mirrors: [root] });
  expect(setup.providers).toEqual({
    aws: { source: "mirror", version: "5.100.0" },
    digitalocean: { source: "stand-in", version: "2.71.0" },
    null: { source: "stand-in", version: "3.2.4" },
  });
  const overridden = { terraform: { required_providers: { aws: { source: "aws", version: "5.100.0" } } } };
  const first = await run(setup, ["plan", "-no-color"]);
  expect([first.stdout, first.override]).toEqual(["real: plan -no-color\n", overridden]);
  const other = await run(setup, ["-chdir=stack", "init"], {
    null: { source: "null", version: "3.2.4" },
    amazon: { version: pinnedAws, source: "registry.terraform.io/hashicorp/aws" },
  });
  expect(other.stdout).toBe("real: -chdir=stack init\n");
  expect(other.override).toEqual({
    terraform: {
      required_providers: { amazon: { source: "registry.terraform.io/hashicorp/aws", version: "5.100.0" } },
    },
  });
  const none = await run(setup, ["plan"], { null: { source: "null", version: "3.2.4" } });
  expect(none.override).toBeNull();
});

test("OpenTofu gets a wrapper of its own if it is on the PATH", async () => {
  await writeExecutable(join(bin, "tofu"), '#!/usr/bin/env bash\necho "tofu: $*"\n');
  const { bin: wrappers } = await prepare({ mirrors: [await mirror("hashicorp/aws", "5.100.0")] });
  const setUp = await prepare({
    environment: { PATH: `${wrappers}:${bin}:${process.env.PATH ?? ""}`, HOME: directory },
    setting: "stand-in",
    mirrors: [await mirror("hashicorp/aws", pinnedAws)],
  });
  expect(setUp.executable).toBe(join(bin, "terraform"));
  const printed = await promisify(execFile)(join(wrappers, "tofu"), ["plan"], { env: process.env });
  expect(printed.stdout).toBe("tofu: plan\n");
});

test("at the end, overrides in stacks are removed, and the wrapper leaves no others", async () => {
  const mirrors = [await mirror("hashicorp/aws", "5.100.0")];
  // Another one has crashed, and left the same.
  const { override } = await run(await prepare({ mirrors, directory: join(directory, "another") }), ["plan"]);
  const setup = await prepare({ mirrors });
  expect((await run(setup, ["plan"])).override).toEqual(override);
  expect(override).not.toBeNull();
  await endWrappers(join(directory, "cloud"));
  await expect(run(setup, ["plan"])).rejects.toThrow(
    "terraform: the local cloud of this shell has ended: start it again, or open another shell",
  );
  await expect(readFile(join(directory, "stack", "anywhere_override.tf.json"))).rejects.toThrow("ENOENT");
});

test("a mirror with the pinned version needs no override", async () => {
  const root = await mirror("hashicorp/aws", pinnedAws, "6.99.0");
  const setup = await prepare({ mirrors: [root] });
  expect(setup.providers.aws).toEqual({ source: "mirror", version: pinnedAws });
  expect((await run(setup, ["plan"])).override).toBeNull();
});

test("Terraform is told to take only the mirrored provider from the mirror", async () => {
  const root = await mirror("hashicorp/aws", "5.100.0");
  const { environment } = await prepare({ mirrors: [root] });
  expect(await readFile(environment.TF_CLI_CONFIG_FILE, "utf8")).toBe(`provider_installation {
  filesystem_mirror {
    path    = "${root}"
    include = ["registry.terraform.io/hashicorp/aws"]
  }
  direct {
    exclude = ["registry.terraform.io/hashicorp/aws"]
  }
}
`);
});

test("providers lock is skipped if a provider doesn't come from the registry", async () => {
  const setup = await prepare({ mirrors: [await mirror("hashicorp/aws", "5.100.0")] });
  const { stdout, stderr } = await run(setup, ["providers", "lock", "-platform=linux_amd64"]);
  expect([stdout, stderr]).toEqual(["", expect.stringContaining("providers lock: skipped")]);
  expect((await run(setup, ["providers", "schema"])).stdout).toBe("real: providers schema\n");
});

const lock = (sums: string) => `provider "registry.terraform.io/hashicorp/aws" {
  version     = "5.100.0"
  constraints = "5.100.0"
${sums}}
`;
const sums = '  hashes = [\n    "h1:edXOJWE4ORX8Fm+dpVpICzMZJat4AX0VRCAy/xkcOc0=",\n  ]\n';

/** The lock file after a command in a stack with a checksum, which `init` writes anew. */
async function lockAfter(setup: Terraform, ...words: string[]): Promise<string> {
  const file = join(directory, "stack/.terraform.lock.hcl");
  await mkdir(dirname(file), { recursive: true });
  await Promise.all([file, join(directory, "locked")].map((path) => writeFile(path, lock(sums))));
  await run(setup, words).catch(() => undefined);
  return readFile(file, "utf8");
}

test("no command leaves checksums of a provider that isn't from the registry, not even one that fails", async () => {
  const setup = await prepare({ mirrors: [await mirror("hashicorp/aws", "5.100.0")] });
  expect(await lockAfter(setup, "plan")).toBe(lock(""));
  expect(await lockAfter(setup, "init")).toBe(lock(""));
  expect(await lockAfter(setup, "init", "-upgrade")).toBe(lock(""));
});

test("a registry that answers is preferred: nothing is overridden, and lock files are written", async () => {
  const server: Server = createServer((_request, response) =>
    response.end('{"providers.v1": "/v1/providers/"}'),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const registry = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const setup = await prepare({ registry, mirrors: [await mirror("hashicorp/aws", "5.100.0")] });
  const asked = await prepare({ registry, setting: "stand-in", directory: join(directory, "another") });
  server.close();
  server.closeAllConnections();
  expect(Object.values(setup.providers).map(({ source }) => source)).toEqual([
    "registry",
    "registry",
    "registry",
  ]);
  expect(Object.values(asked.providers).map(({ source }) => source)).toEqual([
    "registry",
    "stand-in",
    "stand-in",
  ]);
  expect((await run(setup, ["plan"])).override).toBeNull();
  expect((await run(setup, ["providers", "lock"])).stdout).toBe("real: providers lock\n");
  expect(await lockAfter(setup, "plan")).toBe(lock(sums));
});

test("without registry and mirror, a missing AWS provider is reported within 5 s, even without an answer", async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const registry = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const start = Date.now();
  await expect(prepare({ registry, mirrors: ["/nowhere"] })).rejects.toThrow(
    `No Terraform provider registry.terraform.io/hashicorp/aws: ${registry} doesn't answer, and no mirror has it for ` +
      `${platform} (looked in /nowhere).`,
  );
  expect(Date.now() - start).toBeLessThan(5000);
  silent.closeAllConnections();
  silent.close();
});

test("the setting real allows no stand-in", async () => {
  const mirrors = [await mirror("hashicorp/aws", "5.100.0")];
  await expect(prepare({ setting: "real", mirrors })).rejects.toThrow("digitalocean/digitalocean");
});

test("a link in place of a version's folder doesn't count, since Terraform ignores it", async () => {
  const root = await mirror("hashicorp/aws", "5.100.0");
  const folder = join(root, "registry.terraform.io/hashicorp/aws");
  await symlink(join(folder, "5.100.0"), join(folder, "6.25.0"));
  expect((await prepare({ mirrors: [root] })).providers.aws.version).toBe("5.100.0");
});

test("a mirror is found in TF_PLUGIN_MIRROR and in Terraform's own folders", async () => {
  const root = await mirror("hashicorp/aws", "9.0.0");
  const PATH = `${bin}:${process.env.PATH ?? ""}`;
  const given = await prepareTerraform({
    directory: join(directory, "cloud"),
    setting: "auto",
    environment: { PATH, HOME: directory, TF_PLUGIN_MIRROR: root },
    registry: noRegistry,
  });
  expect(given.providers.aws.version).toBe("9.0.0");
  const home = join(directory, "home");
  await mkdir(join(home, ".terraform.d/plugins/registry.terraform.io/hashicorp/aws/9.1.0", platform), {
    recursive: true,
  });
  const implied = await prepareTerraform({
    directory: join(directory, "cloud"),
    setting: "auto",
    environment: { PATH, HOME: home },
    registry: noRegistry,
  });
  expect(implied.providers.aws.version).toBe("9.1.0");
});

test("a missing or old terraform is reported in one line, with what was found and what to install", async () => {
  const mirrors = [await mirror("hashicorp/aws", "5.100.0")];
  await expect(prepare({ mirrors, environment: { PATH: directory } })).rejects.toThrow(
    "terraform isn't in PATH; install Terraform 1.9 or newer: https://developer.hashicorp.com/terraform/install",
  );
  await installTerraform("1.8.5");
  await expect(prepare({ mirrors })).rejects.toThrow(
    `${join(bin, "terraform")} is version 1.8.5; install Terraform 1.9`,
  );
});

test("the wrapper never takes itself or another local cloud's wrapper for terraform", async () => {
  const mirrors = [await mirror("hashicorp/aws", "5.100.0")];
  const first = await prepare({ mirrors });
  const environment = { PATH: [first.bin, bin, process.env.PATH].join(":"), HOME: directory };
  const second = await prepare({ mirrors, environment });
  expect(second.executable).toBe(join(bin, "terraform"));
  const third = await prepare({
    mirrors,
    directory: join(directory, "another"),
    environment,
  });
  expect(third.executable).toBe(join(bin, "terraform"));
});

test("a TF_CLI_CONFIG_FILE of the user's that doesn't exist is ignored", async () => {
  const mirrors = [await mirror("hashicorp/aws", "5.100.0")];
  const environment = { PATH: process.env.PATH, HOME: directory, TF_CLI_CONFIG_FILE: "/nowhere/terraformrc" };
  const setup = await prepare({ mirrors, environment });
  expect(setup.environment.TF_CLI_CONFIG_FILE).toBe(join(directory, "cloud", "terraformrc"));
});
