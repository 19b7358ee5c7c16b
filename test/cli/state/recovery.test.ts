import { DeleteObjectCommand, HeadObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../../config/schema";
import { run, type Ended } from "../../../demo/command";
import { documentedCommands } from "../../support/files/documented-commands";
import { accountId, createProject, onPremises, type Project } from "../project";
import { useAws } from "../../support/stages/aws-with-moto";

// With the Terraform of the machine, on resources that need no provider.
jest.setTimeout(300_000);

const page = "docs/state-and-secrets.md";
const bucket = "shop-states";
const region = "eu-west-1";
const inS3 = { kind: "s3", bucket, region } as const;
const local = { kind: "local", folder: "state" } as const;
const folder = "cdktf.out/dev/stacks/control-plane";

const aws = useAws(accountId);
let project: Project;
let s3: S3Client;

beforeEach(async () => {
  project = await createProject();
  s3 = new S3Client({
    region,
    endpoint: aws().url,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
});

afterEach(async () => {
  s3.destroy();
  await project.remove();
});

function configure(backend: Environment["backend"], ...servers: readonly string[]): void {
  const sites = { berlin: onPremises(...(servers.length > 0 ? servers : ["rack-1"])) };
  project.configure({ name: "shop", backend, sites, services: {} }, "dev.json");
}

function variables(): NodeJS.ProcessEnv {
  const { PATH = "", ...others } = project.variables;
  const programs = project.programs({
    aws: `exec ${aws().cli} "$@"`,
    npx: `shift; exec ${process.execPath} cli/anywhere.js "$@"`,
  });
  return {
    ...others,
    PATH: `${programs}:${PATH}`,
    ANYWHERE_ENV: "dev.json",
    AWS_ENDPOINT_URL: aws().url,
    AWS_PAGER: "",
    CHECKPOINT_DISABLE: "1",
  };
}

const shell = (script: string): Promise<Ended> =>
  run({
    program: "bash",
    args: ["-c", `set -e\n${script}`],
    folder: project.folder,
    variables: variables(),
    log: undefined,
    seconds: 200,
  });
const anywhere = (...args: readonly string[]) => project.anywhere(args, variables());
const deploy = () => anywhere("deploy", "--auto-approve");
const blocks = (heading: string) => documentedCommands(page, heading);

async function deployInto(backend: Environment["backend"]): Promise<void> {
  configure(backend);
  expect(await anywhere("bootstrap-state")).toSucceed();
  expect(await deploy()).toSucceed();
}

describe("states in S3", () => {
  test("a deleted state is written again from its newest version, and then an earlier one", async () => {
    await deployInto(inS3);
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "shop--control-plane.tfstate" }));
    expect(await anywhere("diff", "control-plane")).toMatchObject({ exitCode: 2 });
    const [list = "", restore = ""] = blocks("A state that is lost or damaged");
    const recovered = await shell(`${list}${restore}`);
    expect(recovered).toSucceed();
    expect(existsSync(join(project.folder, "recovered.tfstate"))).toBe(false);

    configure(inS3, "rack-1", "rack-2");
    expect(await deploy()).toSucceed();
    const earlier = `${list}${restore}`
      .replaceAll("control-plane", "compute-berlin")
      .replace("[0].VersionId", "[1].VersionId");
    expect(earlier).toContain("| [1].VersionId");
    expect(await shell(earlier)).toMatchObject({
      exitCode: 2,
      stdout: expect.stringMatching(/compute-berlin \| .*deregistration\["rack-2"\] will be created/),
    });
  });

  test("a state that couldn't be written stops every command until it is pushed", async () => {
    configure(inS3);
    await anywhere("bootstrap-state");
    aws().denied = /^PUT \/shop-states\/shop--control-plane\.tfstate(\?|$)/;
    const failed = await anywhere("deploy", "control-plane", "--auto-approve");
    expect(failed.exitCode).toBe(1);
    expect(existsSync(join(project.folder, folder, "errored.tfstate"))).toBe(true);
    aws().denied = undefined;
    const refused = await deploy();
    expect(refused.exitCode).toBe(1);
    const [documented = ""] = blocks("A state that could not be written");
    expect(refused.stderr).toContain(`Nothing was started: Terraform could not write the states`);
    expect(refused.stderr).toContain(documented);
    expect(await shell(documented)).toSucceed();
    expect(await anywhere("diff", "control-plane")).toSucceed();
    expect(project.lines("record").filter((line) => line === "+ control-plane cluster")).toHaveLength(1);
  });

  test("a destroy that finds no state is told so", async () => {
    configure(inS3);
    await anywhere("bootstrap-state");
    expect(await anywhere("destroy", "--auto-approve")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("- control-plane: s3://shop-states/shop--control-plane.tfstate\n"),
    });
  });

  test("states take another key, and nothing else changes", async () => {
    await deployInto(inS3);
    const kmsKeyId = "alias/shop-states-2027";
    configure({ ...inS3, kmsKeyId });
    const [rotate = ""] = blocks("Rotate");
    expect(await shell(rotate)).toSucceed();
    const Key = "shop--control-plane.tfstate";
    expect(await s3.send(new HeadObjectCommand({ Bucket: bucket, Key }))).toMatchObject({
      ServerSideEncryption: "aws:kms",
      SSEKMSKeyId: kmsKeyId,
    });
  });
});

describe("local states", () => {
  test("the state before the last change is beside the present one", async () => {
    await deployInto(local);
    configure(local, "rack-1", "rack-2");
    expect(await deploy()).toSucceed();
    writeFileSync(join(project.folder, "state/shop--activations.tfstate"), "damaged");
    expect(await anywhere("diff", "activations")).toMatchObject({ exitCode: 1 });
    const [, , copy = ""] = blocks("A state that is lost or damaged");
    expect(await shell(copy.replaceAll("control-plane", "activations"))).toSucceed();
    expect(await anywhere("diff", "activations")).toMatchObject({
      exitCode: 2,
      stdout: expect.stringMatching(/activations \| .*node\["berlin\/rack-2"\] will be created/),
    });
  });

  test("a state of a newer provider is told in the words of the page", async () => {
    await deployInto(local);
    const file = join(project.folder, "state/shop--control-plane.tfstate");
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replaceAll('"schema_version": 0', '"schema_version": 9'));
    const told = await anywhere("diff", "control-plane");
    writeFileSync(file, text);
    const words = "Resource instance managed by newer provider version";
    expect(told).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(words) });
    expect(readFileSync(page, "utf8")).toContain(words);
  });
});

describe("another backend", () => {
  const move = async (steps: readonly string[], to: Environment["backend"]) => {
    const [before = "", after = ""] = steps;
    expect(await shell(before)).toSucceed();
    configure(to);
    await anywhere("bootstrap-state");
    expect(await anywhere("diff")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("backend has changed, and the former one still has the states"),
    });
    const moved = await shell(after);
    expect(moved).toSucceed();
    expect(moved.stdout).toContain("No changes.");
  };

  test("local states move into a bucket and back again, and by hand as well", async () => {
    await deployInto(local);
    const [before = "", after = "", pull = "", push = ""] = blocks("Move to another backend");
    await move([before, after], inS3);
    await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "shop--activations.tfstate" }));
    expect(await shell("rm state/shop--*.tfstate*")).toSucceed();
    await move([before, after], local);
    expect(await shell("aws s3 rm s3://shop-states/ --recursive")).toSucceed();
    await move([pull, push], inS3);
    expect(existsSync(join(project.folder, folder, "moved.tfstate"))).toBe(false);
  });
});
