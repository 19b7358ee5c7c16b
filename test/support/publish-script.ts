import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emptyAccount, type AwsAccount } from "./aws-account";
import { serveAwsCli } from "./aws-cli";
import { startScript, type Ended, type Running } from "./node-script";

/** The image that is published. */
export const repository = "111122223333.dkr.ecr.us-east-1.amazonaws.com/shop/app";
export const tag = "0c6fab8a7ead2b40";
export const image = `${repository}:${tag}`;

/** Settings of publish.sh, and short waits. */
export const publishSettings = {
  REPOSITORY: repository,
  TAG: tag,
  PLATFORM: "linux/arm64",
  CONTEXT: "./assets/context",
  AWS_REGION: "us-east-1",
  ACCOUNT: "111122223333",
  AWS_LIBRARY: "constructs/script/aws.sh",
  RETRY_SECONDS: "0.01",
};

type Command = "version" | "context" | "build" | "login" | "push";

/** An AWS account, and a Docker that journals its calls, for publish.sh to work with. */
export class PublishStage {
  readonly account: AwsAccount = emptyAccount();
  private readonly folder = mkdtempSync(join(tmpdir(), "publish-"));
  private readonly docker = join(this.folder, "docker");
  private readonly temporary = join(this.folder, "tmp");

  constructor() {
    for (const folder of ["do", "registry"]) {
      mkdirSync(join(this.docker, folder), { recursive: true });
    }
    mkdirSync(this.temporary);
    this.account.images = () => readdirSync(join(this.docker, "registry"));
  }

  /** Lets a command of Docker do this piece of bash in place of its work. */
  let(command: Command, script: string): void {
    writeFileSync(join(this.docker, "do", command), script);
  }

  /** Lets the registry have the image. */
  havePublished(): void {
    writeFileSync(join(this.docker, "registry", tag), "");
  }

  /** Runs publish.sh to its end, with `aws` and `docker` that answer from here. */
  async publish(
    overrides: Readonly<Record<string, string>> = {},
    started: (running: Running) => void = () => undefined,
  ): Promise<Ended> {
    const socket = join(this.folder, "aws.sock");
    const server = await serveAwsCli(this.account, socket);
    try {
      const running = startScript("constructs/image/publish.sh", {
        PATH: `${join(__dirname, "bin")}:${process.env["PATH"] ?? ""}`,
        HOME: this.folder,
        AWS_CLI_SOCKET: socket,
        DOCKER: this.docker,
        TMPDIR: this.temporary,
        ...publishSettings,
        ...overrides,
      });
      started(running);
      return await running.ended;
    } finally {
      server.closeAllConnections();
      server.close();
      rmSync(socket, { force: true });
    }
  }

  /** A PATH on which there is everything that publish.sh needs but Docker. */
  pathWithoutDocker(): string {
    const bin = join(this.folder, "bin");
    mkdirSync(bin);
    symlinkSync(join(__dirname, "bin/aws"), join(bin, "aws"));
    for (const tool of ["bash", "env", "mktemp", "cat", "rm", "tr", "curl", "awk", "sleep", "mkfifo"]) {
      const path = execFileSync("bash", ["-c", `type -P ${tool}`], { encoding: "utf8" }).trim();
      symlinkSync(path, join(bin, tool));
    }
    return bin;
  }

  /** What Docker was called with, in order. */
  get dockerCalls(): string[] {
    return this.recorded("journal").split("\n").slice(0, -1);
  }

  get awsCalls(): string[] {
    return this.account.calls.map(({ operation }) => operation);
  }

  /** What the stand-in of Docker has recorded under a name; nothing as long as it wasn't called. */
  recorded(name: "journal" | "environment" | "processes" | "stdin" | "config-before-login"): string {
    const file = join(this.docker, name);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  /** What the script has left in its folder for temporary files. */
  get left(): string[] {
    return readdirSync(this.temporary);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
