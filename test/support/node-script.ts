import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AwsAccount, ContainerInstance, ManagedInstance } from "./aws-account";
import { serveAwsCli } from "./aws-cli";

const project = join(__dirname, "../..");

/** The node that the scripts are run for. */
export const node = { name: "shop", site: "nyc3", node: "node-1", generation: "5f2a" };
/** What replaces it. */
export const remedy = "replace the node by `npm run deploy -- --replace nyc3/node-1`";
export const activationId = "0a1b2c3d-0000-4000-8000-000000000001";

type Identity = typeof node;

/** The tag and attributes by which a node is found. */
export function marksOf({ name, site, node, generation }: Identity): Record<string, string> {
  return {
    "anywhere.deployment": name,
    "anywhere.site": site,
    "anywhere.node": node,
    "anywhere.generation": generation,
  };
}

/** A machine that is registered with Systems Manager as this node, with an activation of its own if none is given. */
export function managed(id: string, identity: Identity, activation = `activation-of-${id}`): ManagedInstance {
  const { name, site, node, generation } = identity;
  return {
    id,
    activationId: activation,
    tags: { ...marksOf(identity), "anywhere.identity": `${name}/${site}/${node}/${generation}` },
    ping: "Online",
  };
}

/** A machine that is registered with ECS as this node. */
export function container(
  managedInstance: string,
  identity: Identity,
  tasks: string[] = [],
): ContainerInstance {
  return {
    arn: `arn:aws:ecs:us-east-1:111122223333:container-instance/shop/${managedInstance.replace("mi-", "ci")}`,
    managedInstance,
    attributes: { "ecs.os-type": "linux", ...marksOf(identity) },
    status: "ACTIVE",
    connected: true,
    tasks,
  };
}

export function taskArn(id: string): string {
  return `arn:aws:ecs:us-east-1:111122223333:task/shop/${id}`;
}

/** How a script ended, and what it printed to both streams. */
export interface Ended {
  readonly status: number | null;
  readonly output: string;
  /** Milliseconds. */
  readonly took: number;
}

/** A script of constructs/node that is being run. */
export interface Running {
  readonly ended: Promise<Ended>;
  /** Ends the script and what it has started at once, as a crash does. */
  readonly kill: () => void;
  /** Sends a signal to the script and what it has started, as a terminal does, or to the script alone. */
  readonly signal: (name: NodeJS.Signals, whom: "all" | "script") => void;
}

/** The settings that await.sh and deregister.sh share, and short waits. */
export function settings(overrides: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    NAME: node.name,
    SITE: node.site,
    NODE: node.node,
    GENERATION: node.generation,
    CLUSTER: "shop",
    AWS_REGION: "us-east-1",
    ACCOUNT: "111122223333",
    ACTIVATION_ID: activationId,
    REMEDY: remedy,
    AWS_LIBRARY: "constructs/script/aws.sh",
    REGISTRATIONS: "constructs/node/registrations.sh",
    POLL_SECONDS: "0.05",
    RETRY_SECONDS: "0.01",
    ...overrides,
  };
}

/** Runs a script of constructs/node as {@link runWithAws} does. */
export function runNodeScript(
  account: AwsAccount,
  script: "await.sh" | "deregister.sh",
  environment: Readonly<Record<string, string>>,
  started?: (running: Running) => void,
): Promise<Ended> {
  return runWithAws(account, join("constructs/node", script), environment, started);
}

/** Runs a script with this environment and, on PATH, an `aws` that answers from the account. */
export async function runWithAws(
  account: AwsAccount,
  file: string,
  environment: Readonly<Record<string, string>>,
  started: (running: Running) => void = () => undefined,
): Promise<Ended> {
  const directory = mkdtempSync(join(tmpdir(), "script-"));
  const socket = join(directory, "aws.sock");
  const server = await serveAwsCli(account, socket);
  try {
    const path = `${join(__dirname, "bin")}:${process.env["PATH"] ?? ""}`;
    const running = startScript(file, {
      PATH: path,
      AWS_CLI_SOCKET: socket,
      TMPDIR: directory,
      ...environment,
    });
    started(running);
    return await running.ended;
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true });
  }
}

/** Starts a bash script with exactly this environment, in the project's folder; ends it after that many seconds. */
export function startScript(
  file: string,
  environment: Readonly<Record<string, string>>,
  seconds = 30,
): Running {
  const begun = Date.now();
  // A process group of its own, so that what it has started ends with it.
  const child = spawn("bash", [file], {
    cwd: project,
    env: environment,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const signal: Running["signal"] = (name, whom) => {
    if (child.pid !== undefined && child.exitCode === null) {
      process.kill(whom === "all" ? -child.pid : child.pid, name);
    }
  };
  const kill = () => {
    signal("SIGKILL", "all");
  };
  const limit = setTimeout(kill, seconds * 1000);
  process.once("exit", kill);
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => {
      clearTimeout(limit);
      process.off("exit", kill);
      resolve({ status, output: Buffer.concat(chunks).toString(), took: Date.now() - begun });
    });
  });
  return { ended, kill, signal };
}
