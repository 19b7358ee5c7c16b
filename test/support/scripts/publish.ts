import { createHash } from "node:crypto";
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
import { createWorld } from "../../../local-cloud/world";
import { programPath } from "../programs/program-path";
import type { AwsStage, AwsStages } from "./cloud";
import type { Ended, Running } from "./run";

const account = "111122223333";
const region = "us-east-1";

/** The image that is published. */
export const repository = `${account}.dkr.ecr.${region}.amazonaws.com/shop/app`;
export const tag = "0c6fab8a7ead2b40";
export const image = `${repository}:${tag}`;

/** Settings of publish.sh, and short waits. */
export const publishSettings = {
  REPOSITORY: repository,
  TAG: tag,
  PLATFORM: "linux/arm64",
  CONTEXT: "./assets/context",
  AWS_REGION: region,
  ACCOUNT: account,
  AWS_LIBRARY: "constructs/script/aws/aws.sh",
  RETRY_SECONDS: "0.01",
};

type Command = "version" | "context" | "build" | "login" | "push";

/** An AWS account with the image's repository, and a Docker that journals its calls, for publish.sh to work with. */
export class PublishStage {
  private readonly folder = mkdtempSync(join(tmpdir(), "publish-"));
  private readonly docker = join(this.folder, "docker");
  private readonly temporary = join(this.folder, "tmp");

  private constructor(readonly aws: AwsStage) {
    mkdirSync(join(this.docker, "do"), { recursive: true });
    mkdirSync(this.temporary);
  }

  static async open(stages: AwsStages): Promise<PublishStage> {
    await stages.emptyMoto();
    const stage = new PublishStage(await stages.open(createWorld(account), { region }));
    await stage.ecr("CreateRepository", { repositoryName: "shop/app" });
    return stage;
  }

  /** Calls ECR past the script. */
  ecr<Output>(operation: string, input: object): Promise<Output> {
    const target = `AmazonEC2ContainerRegistry_V20150921.${operation}`;
    return this.aws.moto.json<Output>("ecr", region, target, input);
  }

  /** The password that Docker logs in with. */
  async password(): Promise<string> {
    const { authorizationData } = await this.ecr<{ authorizationData: { authorizationToken: string }[] }>(
      "GetAuthorizationToken",
      {},
    );
    const token = Buffer.from(authorizationData[0]?.authorizationToken ?? "", "base64").toString();
    return token.replace(/^AWS:/, "");
  }

  /** Lets a command of Docker do this piece of bash in place of its work. */
  let(command: Command, script: string): void {
    writeFileSync(join(this.docker, "do", command), script);
  }

  /**
   * Gives a user a Docker context, as `docker context create` and `docker context use` do.
   *
   * @returns the folder of the user's configuration, in the home of its own
   */
  useContext(name: string, host: string, certificates: Readonly<Record<string, string>>): string {
    const config = join(this.folder, "home/.docker");
    const hash = createHash("sha256").update(name).digest("hex");
    const [meta, tls] = [join(config, "contexts/meta", hash), join(config, "contexts/tls", hash, "docker")];
    [meta, tls].forEach((folder) => mkdirSync(folder, { recursive: true }));
    writeFileSync(join(config, "config.json"), JSON.stringify({ currentContext: name }));
    const endpoints = { docker: { Host: host, SkipTLSVerify: false } };
    writeFileSync(join(meta, "meta.json"), `${JSON.stringify({ Name: name, Endpoints: endpoints })}\n`);
    Object.entries(certificates).forEach(([file, content]) => {
      writeFileSync(join(tls, file), content);
    });
    return config;
  }

  /** Lets the registry have the image. */
  async havePublished(): Promise<void> {
    const imageManifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.docker.distribution.manifest.v2+json",
      layers: [],
    });
    await this.ecr("PutImage", { repositoryName: "shop/app", imageTag: tag, imageManifest });
  }

  /** Runs publish.sh to its end, with a `docker` that answers from here. */
  publish(
    overrides: Readonly<Record<string, string>> = {},
    started?: (running: Running) => void,
  ): Promise<Ended> {
    const environment = {
      PATH: [join(__dirname, "bin"), this.aws.bin, process.env["PATH"] ?? ""].join(":"),
      DOCKER: this.docker,
      TMPDIR: this.temporary,
      ...publishSettings,
      ...overrides,
    };
    return this.aws.run("constructs/image/publish.sh", environment, started);
  }

  /** A PATH on which there is everything that publish.sh needs but Docker. */
  pathWithoutDocker(): string {
    const bin = join(this.folder, "bin");
    mkdirSync(bin);
    symlinkSync(join(this.aws.bin, "aws"), join(bin, "aws"));
    const tools = "bash env mktemp cat rm tr curl awk sleep mkfifo ln readlink".split(" ");
    for (const tool of tools) {
      symlinkSync(programPath(tool), join(bin, tool));
    }
    return bin;
  }

  /** The calls of Docker, in order. */
  get dockerCalls(): string[] {
    return this.recorded("journal").split("\n").slice(0, -1);
  }

  /** The script's calls to AWS, in order. */
  get awsCalls(): string[] {
    return this.aws.calls.filter((operation) => operation !== "PutImage");
  }

  /** The record of Docker's stand-in under a name; empty as long as it wasn't called. */
  recorded(
    name: "journal" | "environment" | "endpoints" | "processes" | "stdin" | "config-before-login",
  ): string {
    const file = join(this.docker, name);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  /** The link by which a run with this temporary folder lets others wait. */
  turn(temporary = this.temporary): string {
    return join(temporary, `anywhere-${process.getuid?.()}-${image.replace(/[/:]/g, "_")}`);
  }

  /** The files that the script has left in its temporary folder. */
  get left(): string[] {
    return readdirSync(this.temporary);
  }

  async close(): Promise<void> {
    rmSync(this.folder, { recursive: true });
    await this.aws.close();
  }
}
