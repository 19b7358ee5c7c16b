import { randomUUID } from "node:crypto";
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll } from "@jest/globals";
import type { Environment } from "../../../config/schema";
import { mustRun, run, type Command, type Ended } from "../../../demo/command";
import { signingKeyFingerprint } from "../../../local-cloud/nodes/origin/signature";
import { startLocalCloud, type LocalCloud } from "../../../local-cloud/start";
import { callTerraformCloud, type Reply, type Shown } from "../observation/terraform-cloud";

type CloudBackend = Extract<NonNullable<Environment["backend"]>, { kind: "cloud" }>;

/** A deployment whose states are in the local cloud's HCP Terraform. */
export interface HcpStage {
  /** Its name. */
  readonly deployment: string;
  readonly cloud: LocalCloud;
  /** Writes its environment. */
  readonly configure: (sites: Environment["sites"], backend?: Partial<CloudBackend>) => void;
  readonly anywhere: (...args: readonly string[]) => Promise<Ended>;
  /** Plain Terraform in a stack's folder. */
  readonly terraform: (stack: string, ...args: readonly string[]) => Promise<string>;
  /** A line of a shell, as our commands print them. */
  readonly shell: (line: string) => Promise<string>;
  /** Calls the API. */
  readonly call: (method: string, path: string, body?: object) => Promise<Reply>;
  /** The workspace of a stack. */
  readonly workspace: (stack: string) => Promise<Shown>;
}

/**
 * Starts a local cloud for the tests of a file, and ends it after them.
 * @param variables of our commands, beside the cloud's
 */
export function useHcp(name: string, variables: NodeJS.ProcessEnv = {}): HcpStage {
  const directory = resolve(".local-cloud/tests", name);
  const outdir = join(directory, "cdktf.out");
  // Our commands remember where the states of a file are, and this one's HCP Terraform is gone in the end.
  const deployment = `hcp-${randomUUID().slice(0, 8)}`;
  const file = join(directory, `${deployment}.json`);
  let cloud: LocalCloud;
  let hostname = "";

  beforeAll(async () => {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    cloud = await startLocalCloud({ directory, output: openSync(join(directory, "cloud.log"), "w") });
    hostname = cloud.environment["LOCAL_CLOUD_TERRAFORM_HOSTNAME"] ?? "";
  }, 300_000);

  afterAll(() => cloud.stop());

  const command = (program: string, args: readonly string[], folder = "."): Command => ({
    program,
    args,
    folder,
    variables: { ...cloud.variables, ...variables, ANYWHERE_ENV: file, CDKTF_OUTDIR: outdir },
    log: join(directory, "commands.log"),
    seconds: 600,
  });
  const call: HcpStage["call"] = (method, path, body) =>
    callTerraformCloud(new URL(path, `https://${hostname}/api/v2/`), {
      method,
      body,
      token: "local-cloud",
      root: readFileSync(cloud.environment["LOCAL_CLOUD_CERTIFICATE_AUTHORITY"] ?? "", "utf8"),
    });
  return {
    deployment,
    get cloud() {
      return cloud;
    },
    configure: (sites, backend) => {
      const environment: Environment = {
        name: deployment,
        aws: { region: "eu-west-1", accountId: "123456789012" },
        backend: { kind: "cloud", organization: "local-cloud", hostname, project: "The shop", ...backend },
        installer: { signingKey: signingKeyFingerprint },
        sites,
      };
      writeFileSync(file, JSON.stringify(environment));
    },
    anywhere: (...args) => run(command(process.execPath, [resolve("cli/anywhere.js"), ...args])),
    terraform: (stack, ...args) =>
      mustRun(
        command(
          cloud.environment["TERRAFORM_BINARY_NAME"] ?? "terraform",
          args,
          join(outdir, deployment, "stacks", stack),
        ),
      ),
    shell: (line) => mustRun(command("bash", ["-c", line])),
    call,
    workspace: async (stack) =>
      (await call("GET", `organizations/local-cloud/workspaces/${deployment}--${stack}`)).data,
  };
}
