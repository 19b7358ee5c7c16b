import { afterAll, afterEach, beforeAll } from "@jest/globals";
import { spawn, type ChildProcess, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import type { Environment } from "../../config/schema";
import { serveDigitalOcean } from "../../local-cloud/digitalocean/api/api";
import { createWorld, type World } from "../../local-cloud/world";
import { fakeMachines } from "../local-cloud/fake-machines";
import { serveAws, type StandInAws } from "./checks/stand-in-aws";
import { serveNodes, type StandInNodes } from "./stand-in-nodes";

export const accountId = "111122223333";

/** How a command of the command line interface ended. */
export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type AtTerminal = ChildProcessByStdio<Writable, Readable, null>;

/** A copy of the command line interface in a project of its own, with stand-in stacks. */
export interface Project {
  readonly folder: string;
  /** The environment that commands run in, before `variables` are added. */
  readonly variables: NodeJS.ProcessEnv;
  /** Runs `anywhere` with these arguments, without a terminal. */
  anywhere(args: readonly string[], variables?: NodeJS.ProcessEnv): Promise<Ended>;
  /** Runs it at a terminal of its own, whose keyboard is the child's standard input and whose screen its output. */
  anywhereAtTerminal(args: readonly string[], variables?: NodeJS.ProcessEnv): AtTerminal;
  /** Writes an environment file: the fields that every one must have, changed by these. */
  configure(environment: Partial<Environment>, file?: string): void;
  /** Makes a folder of programs, each with this line as its shell script; `bash` is always there, and the machine's. */
  programs(lines: Readonly<Record<string, string>>): string;
  /** The AWS that it asks. */
  readonly aws: StandInAws;
  /** The world of the DigitalOcean that it asks. */
  readonly digitalOcean: World;
  /** The activations and container instances that it asks for. */
  readonly nodes: StandInNodes;
  /** Lines of a file in the project; none when there is no such file. */
  lines(file: string): string[];
  remove(): Promise<void>;
}

/** A Terraform that records its calls in the file `RECORD` and does what its variables say. */
export const fakeTerraform = join(__dirname, "fake-terraform.sh");

const root = resolve(__dirname, "../..");

export async function createProject(): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), "cli-project-"));
  for (const part of [
    "bundle",
    "checkout",
    "cdktf.json",
    "cli",
    "config",
    "constructs/node",
    "node-version.js",
    "package.json",
    "pipelines",
    "tsconfig.json",
    "test/cli/stand-in-stacks.ts",
  ]) {
    cpSync(join(root, part), join(folder, part), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "main.ts"), 'require("./test/cli/stand-in-stacks");\n');
  mkdirSync(join(folder, "home"));
  mkdirSync(join(folder, "tmp"));
  const aws = await serveAws(accountId);
  const machines = fakeMachines();
  const digitalOcean = createWorld(accountId);
  const api = await serveDigitalOcean(digitalOcean, machines);
  const programs: Project["programs"] = (lines) => {
    const bin = mkdtempSync(join(folder, "bin-"));
    symlinkSync("/bin/bash", join(bin, "bash"));
    for (const [name, line] of Object.entries(lines)) {
      rmSync(join(bin, name), { force: true });
      writeFileSync(join(bin, name), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
    }
    return bin;
  };
  const nodes = await serveNodes();
  const terminals: AtTerminal[] = [];
  const variables = {
    PATH: `${programs({ aws: "echo aws-cli/2.15.0 Python/3.11.6" })}:${process.env["PATH"] ?? ""}`,
    HOME: join(folder, "home"),
    ANYWHERE_ENV: "environment.json",
    TF_PLUGIN_CACHE_DIR: join(folder, "plugins"),
    TMPDIR: join(folder, "tmp"),
    RECORD: join(folder, "record"),
    FAIL: join(folder, "fail"),
    AWS_ENDPOINT_URL: aws.url,
    AWS_ENDPOINT_URL_SSM: nodes.url,
    AWS_ENDPOINT_URL_ECS: nodes.url,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_EC2_METADATA_DISABLED: "true",
    DIGITALOCEAN_API_URL: api.endpoint,
  };
  return {
    folder,
    variables,
    programs,
    aws,
    digitalOcean,
    nodes,
    async anywhere(args, more = {}) {
      const child = spawn(process.execPath, [join(folder, "cli/anywhere.js"), ...args], {
        cwd: folder,
        env: { ...variables, ...more },
        stdio: ["ignore", "pipe", "pipe"],
      });
      const [[exitCode], stdout, stderr] = await Promise.all([
        once(child, "close") as Promise<[number | null]>,
        text(child.stdout),
        text(child.stderr),
      ]);
      return { exitCode, stdout, stderr };
    },
    anywhereAtTerminal(args, more = {}) {
      const command = [process.execPath, "cli/anywhere.js", ...args].map((word) => `'${word}'`).join(" ");
      const child = spawn("script", ["--quiet", "--return", "--flush", "--command", command, "/dev/null"], {
        cwd: folder,
        env: { ...variables, ...more },
        stdio: ["pipe", "pipe", "inherit"],
      });
      terminals.push(child);
      return child;
    },
    configure(environment, file = "environment.json") {
      const whole: Environment = {
        name: "cli-test",
        aws: { region: "eu-west-1", accountId },
        sites: { office: onPremises("rack-1") },
        services: { web: { image: "registry.example/app:v1", http: { port: 8080 } } },
        ...environment,
      };
      writeFileSync(join(folder, file), JSON.stringify(whole));
    },
    lines(file) {
      const path = join(folder, file);
      return existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
    },
    async remove() {
      terminals.forEach((child) => child.kill());
      await Promise.all([aws.close(), api.close(), nodes.close()]);
      await machines.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/**
 * A state for every stack, as a file for the fake Terraform: of one resource in the deployment of the project, with all
 * outputs that other stacks read.
 *
 * @param nodes keys of those that have activations.
 */
export function fakeState(
  { folder }: Project,
  nodes: readonly string[],
  ...secrets: readonly string[]
): string {
  const outputs = {
    deployment: { value: { name: "cli-test", account: accountId, region: "eu-west-1" } },
    execution_role_arns: {
      value: Object.fromEntries(["web", "api", "worker", "report"].map((name) => [name, name])),
    },
    activation_ids: { value: Object.fromEntries(nodes.map((key) => [key, `id-of-${key}`])) },
    secrets: { value: secrets, sensitive: true },
  };
  const thing = { mode: "managed", type: "terraform_data", name: "thing", instances: [{ attributes: {} }] };
  const file = join(folder, "fake.tfstate");
  writeFileSync(file, JSON.stringify({ version: 4, lineage: "one", outputs, resources: [thing] }));
  return file;
}

/** A site on premises with these nodes. */
export function onPremises(...nodes: readonly string[]): Environment["sites"][string] {
  return { kind: "on-premises", nodes: Object.fromEntries(nodes.map((node) => [node, {}])) };
}

/** How a process ended. */
export async function exitCode(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, "close")) as [number | null];
  return code;
}

/** Makes a project for the tests of a file, whose records begin anew with each. */
export function useProject(): () => Project {
  let project: Project;

  beforeAll(async () => {
    project = await createProject();
    project.configure({});
  });

  afterEach(() => {
    for (const record of ["record", "record.variables", "record.running"]) {
      rmSync(join(project.folder, record), { force: true });
    }
  });

  afterAll(() => project.remove());

  return () => project;
}
