import { spawnSync } from "node:child_process";
import { Failure } from "./failure";

/** A repository's registry at ECR. */
export interface Registry {
  readonly host: string;
  readonly account: string;
  readonly region: string;
}

/** How a call to ECR ended. */
export interface Answer {
  readonly succeeded: boolean;
  readonly text: string;
}

/** Seconds that a call may take. */
const timeout = 60;

/** @throws Failure unless it is a host of ECR */
export function registryOf(host: string): Registry {
  const [, account = "", region = ""] = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com$/.exec(host) ?? [];
  if (account === "") {
    throw new Failure(`the local cloud has no registry ${host}, only that of its own ECR`);
  }
  return { host, account, region };
}

/** Calls ECR through the local cloud's AWS CLI. */
export function ecr({ region }: Registry, ...words: readonly string[]): Answer {
  const { status, stdout, stderr } = spawnSync("aws", ["ecr", ...words, "--region", region], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeout * 1000,
  });
  return status === 0 ? { succeeded: true, text: stdout.trim() } : { succeeded: false, text: stderr.trim() };
}

/** The credentials for a login to a registry. */
export function currentPassword(registry: Registry): string {
  const { succeeded, text } = ecr(registry, "get-login-password");
  if (!succeeded) {
    throw new Failure(`Error response from daemon: login attempt to https://${registry.host}/v2/: ${text}`);
  }
  return text;
}
