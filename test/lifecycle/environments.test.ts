import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, jest } from "@jest/globals";
import type { Environment } from "../../config/schema";
import { mustRun, run, type Command } from "../../demo/command";
import { startLocalCloud, type LocalCloud } from "../../local-cloud/start";
import { signingKeyFingerprint } from "../../local-cloud/nodes/origin/signature";
import { lanes } from "../support/jest/lanes";
import { testOfLowPorts } from "../support/jest/low-ports";
import { credentialsFor, stopPermitted } from "../support/permissions/roles";
import type { StackJson } from "../support/synthesis/synth";

jest.setTimeout(900_000);

const shipped = readdirSync("config/environments")
  .map((file) => basename(file, ".ts"))
  .sort();
const directory = resolve(".local-cloud/tests/environments");
// Environments are used side by side here, and CDKTF's CLI works on one at a time in a folder.
const outdirOf = (name: string) => join(directory, "cdktf.out", name);

let cloud: LocalCloud;

beforeAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  commit("app");
  cloud = await startLocalCloud({ directory, output: openSync(join(directory, "cloud.log"), "w") });
});

afterAll(() => stopPermitted(cloud, "environments"));

/** Commits a folder of the project to a repository of the tests: the images' commit is known, whatever is changed here. */
function commit(folder: string): void {
  cpSync(folder, join(directory, folder), { recursive: true });
  const author = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
  for (const args of [
    ["init", "--quiet"],
    ["add", folder],
    [...author, "commit", "--quiet", "--message", "app"],
  ]) {
    execFileSync("git", ["-C", directory, ...args]);
  }
}

/**
 * An environment as it is shipped, in the embedded clouds' account and with their signing key. Under a name of its own: one
 * command at a time works on a deployment in a checkout, and a demo may be at work on the shipped one.
 */
async function configure(name: string): Promise<string> {
  const { default: environment } = (await import(`../../config/environments/${name}`)) as {
    default: Environment;
  };
  const { backend } = environment;
  if (backend?.kind === "s3") {
    await createBucket(backend.bucket);
  }
  const file = join(directory, `${name}.json`);
  const adapted: Environment = {
    ...environment,
    name: `shipped-${name}`,
    aws: {
      ...environment.aws,
      accountId: "123456789012",
      ...(name === "prod" ? { kmsKeyId: await createKey() } : {}),
    },
    backend: backend ?? { kind: "local", folder: join(directory, "state") },
    installer: { signingKey: signingKeyFingerprint },
  };
  writeFileSync(file, JSON.stringify(adapted));
  return file;
}

/** Calls AWS as the test, which counts for nobody. */
function aws(...args: readonly string[]): Promise<string> {
  return mustRun({
    program: "aws",
    args: [...args, "--region", "eu-west-1"],
    folder: directory,
    variables: cloud.variables,
    log: undefined,
    seconds: 60,
  });
}

async function createBucket(bucket: string): Promise<void> {
  const place = ["--create-bucket-configuration", "LocationConstraint=eu-west-1"];
  await aws("s3api", "create-bucket", "--bucket", bucket, ...place);
}

async function createKey(): Promise<string> {
  return (await aws("kms", "create-key", "--query", "KeyMetadata.KeyId", "--output", "text")).trim();
}

/** The keys of all that AWS keeps of a deployment, as AWS tells them. */
async function keysOf(name: string): Promise<object> {
  const ask = async (query: string, ...call: readonly string[]): Promise<unknown> =>
    JSON.parse(await aws(...call, "--query", query, "--output", "json"));
  const place = "eu-west-1:123456789012";
  const groups = (prefix: string) =>
    ask(
      "logGroups[].[logGroupName,kmsKeyId]",
      "logs",
      "describe-log-groups",
      "--log-group-name-prefix",
      prefix,
    );
  const [containers, insights, repositories, topic, queue, schedule] = await Promise.all([
    groups(`/ecs/${name}/`),
    groups(`/aws/ecs/containerinsights/${name}/`),
    ask(
      `repositories[?starts_with(repositoryName,'${name}/')].encryptionConfiguration`,
      "ecr",
      "describe-repositories",
    ),
    ask(
      "Attributes.KmsMasterKeyId",
      "sns",
      "get-topic-attributes",
      "--topic-arn",
      `arn:aws:sns:${place}:${name}--alerts`,
    ),
    ask(
      "Attributes.KmsMasterKeyId",
      ...["sqs", "get-queue-attributes", "--attribute-names", "KmsMasterKeyId"],
      ...["--queue-url", `${cloud.environment["AWS_ENDPOINT_URL"] ?? ""}/123456789012/${name}--dead-letters`],
    ),
    ask("KmsKeyArn", "scheduler", "get-schedule", "--name", `${name}--report`),
  ]);
  return { containers, insights, repositories, topic, queue, schedule };
}

function commandsOf(environmentFile: string) {
  const name = basename(environmentFile, ".json");
  const outdir = outdirOf(name);
  const command = (program: string, args: readonly string[], folder = resolve(".")): Command => ({
    program,
    args,
    folder,
    variables: {
      ...cloud.variables,
      ...credentialsFor(args.filter((arg) => !/(\.js|cdktf)$/.test(arg))),
      POLL_SECONDS: "2",
      ANYWHERE_ENV: environmentFile,
      CDKTF_OUTDIR: outdir,
    },
    log: join(directory, `${basename(environmentFile)}.log`),
    seconds: 600,
  });
  const folderOf = (stack: string) => join(outdir, name, "stacks", stack);
  const secretly = (stack: string, args: readonly string[], variables: NodeJS.ProcessEnv = {}) => {
    const secret = command(cloud.environment["TERRAFORM_BINARY_NAME"] ?? "terraform", args, folderOf(stack));
    return mustRun({ ...secret, variables: { ...secret.variables, ...variables }, log: undefined });
  };
  return {
    folderOf,
    pushedTag: () => {
      const { resource } = JSON.parse(
        readFileSync(join(folderOf("service-web"), "cdk.tf.json"), "utf8"),
      ) as StackJson;
      return (resource["null_resource"]?.["image"]?.["triggers"] as { TAG: string }).TAG;
    },
    anywhere: (...args: string[]) => run(command(process.execPath, ["cli/anywhere.js", ...args])),
    cdktf: (...args: string[]) =>
      run(
        command(process.execPath, ["node_modules/cdktf-cli/bundle/bin/cdktf", ...args, "--output", outdir]),
      ),
    terraform: (stack: string, ...args: string[]) =>
      run(command(cloud.environment["TERRAFORM_BINARY_NAME"] ?? "terraform", args, folderOf(stack))),
    secretly,
    /** Whether the log that Terraform writes at a level holds the code of an activation that it makes. */
    loggedCode: async (level: string) => {
      const log = join(directory, `terraform.${level}.log`);
      await secretly(
        "activations",
        ["apply", "-auto-approve", `-replace=aws_ssm_activation.node["berlin/rack-1"]`],
        { TF_LOG: level, TF_LOG_PATH: log },
      );
      const codes = JSON.parse(
        await secretly("activations", ["output", "-json", "activation_codes"]),
      ) as Record<string, string>;
      const found = readFileSync(log, "utf8").includes(codes["berlin/rack-1"] ?? "no code");
      rmSync(log);
      return found;
    },
  };
}

const lane = lanes();

describe.each(shipped)("the environment %s", (name) => {
  testOfLowPorts(
    "is deployed by CDKTF's CLI, and planned by our commands and by plain Terraform in the same folder",
    lane(name, async () => {
      const { anywhere, cdktf, terraform, folderOf } = commandsOf(await configure(name));
      expect(await cdktf("deploy", "*", "--auto-approve")).toSucceed();
      expect(await anywhere("diff")).toSucceed();
      expect(readdirSync(join(folderOf("control-plane"), ".."))).toEqual(
        expect.arrayContaining(["activations", "compute-ams3", "control-plane", "service-web"]),
      );
      expect(await terraform("activations", "plan", "-detailed-exitcode", "-no-color")).toMatchObject({
        exitCode: 0,
      });
    }),
  );

  testOfLowPorts(
    "keeps activation codes out of synthesised files, and lets no other user of the computer read plans with them",
    lane(name, async () => {
      const { cdktf, secretly, folderOf, loggedCode } = commandsOf(join(directory, `${name}.json`));
      const codes = Object.values(
        JSON.parse(await secretly("activations", ["output", "-json", "activation_codes"])) as Record<
          string,
          string
        >,
      );
      expect(codes.length).toBeGreaterThanOrEqual(2);
      expect(filesWith(codes, join(outdirOf(name), name))).toEqual([]);
      if (name === "prod") {
        // CDKTF's CLI leaves its plan where the stack is.
        expect(await cdktf("diff", "activations")).toSucceed();
        expect(readdirSync(folderOf("activations"))).toContain("plan");
        // The README says which of Terraform's logs hold codes.
        expect(await loggedCode("INFO")).toBe(false);
        expect(await loggedCode("DEBUG")).toBe(true);
      }
      expect(statSync(join(outdirOf(name), name)).mode & 0o077).toBe(0);
    }),
  );

  if (name === "prod") {
    testOfLowPorts(
      "encrypts everything that AWS keeps of it with its own key",
      lane(name, async () => {
        const { kmsKeyId } = (JSON.parse(readFileSync(join(directory, "prod.json"), "utf8")) as Environment)
          .aws;
        const key = `arn:aws:kms:eu-west-1:123456789012:key/${kmsKeyId ?? ""}`;
        expect(await keysOf("shipped-prod")).toEqual({
          containers: ["api", "report", "web", "worker"].map((group) => [`/ecs/shipped-prod/${group}`, key]),
          insights: [["/aws/ecs/containerinsights/shipped-prod/performance", key]],
          repositories: [{ encryptionType: "KMS", kmsKey: key }],
          topic: key,
          queue: key,
          schedule: key,
        });
      }),
    );
  }

  if (name === "dev") {
    testOfLowPorts(
      "pushes an image again when it has vanished from the registry",
      lane(name, async () => {
        const { anywhere, pushedTag } = commandsOf(join(directory, `${name}.json`));
        const image = ["--repository-name", "shipped-dev/app", "--image-ids", `imageTag=${pushedTag()}`];
        await aws("ecr", "batch-delete-image", ...image);
        await expect(aws("ecr", "describe-images", ...image)).rejects.toThrow("ImageNotFoundException");
        expect(await anywhere("diff", "service-web")).toMatchObject({ exitCode: 2 });
        const deployed = await anywhere("deploy", "service-web", "--auto-approve");
        expect(deployed).toMatchObject({
          exitCode: 0,
          stderr: expect.stringContaining("is no longer in ECR: pushing it again."),
        });
        expect(await aws("ecr", "describe-images", ...image)).toContain(pushedTag());
      }),
    );
  }

  testOfLowPorts(
    "is destroyed",
    lane(name, async () => {
      const { anywhere, cdktf } = commandsOf(join(directory, `${name}.json`));
      const all = ["destroy", "--auto-approve"];
      expect(await (name === "prod" ? cdktf(...all, "*") : anywhere(...all))).toSucceed();
    }),
  );
});

/** Files below a folder that hold one of these texts, Terraform's own copies of providers left out. */
function filesWith(texts: readonly string[], folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => !path.includes("providers/") && statSync(join(folder, path)).isFile())
    .filter((path) => {
      const content = readFileSync(join(folder, path), "latin1");
      return texts.some((text) => content.includes(text));
    });
}
