import { S3Client } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, expect } from "@jest/globals";
import type { Environment } from "../../../config/schema";
import { run, type Ended } from "../../../demo/command";
import { documentedCommands } from "../../support/files/documented-commands";
import { useAws, type AwsWithMoto } from "../../support/stages/aws-with-moto";
import { accountId, createProject, onPremises, type Project } from "../project";

export const page = "docs/state-and-secrets.md";
export const bucket = "shop-states";
const region = "eu-west-1";
export const inS3 = { kind: "s3", bucket, region } as const;
export const local = { kind: "local", folder: "state" } as const;

/** The deployment of which {@link page} speaks, on resources that need no provider; a new one for each test. */
export interface Shop {
  readonly project: Project;
  readonly aws: AwsWithMoto;
  readonly s3: S3Client;
  /** Writes its environment: one site, with `rack-1` unless other servers are named. */
  readonly configure: (backend: Environment["backend"], ...servers: readonly string[]) => void;
  /** Runs what the page shows. */
  readonly shell: (script: string) => Promise<Ended>;
  readonly anywhere: (...args: readonly string[]) => Promise<Ended>;
  readonly deploy: () => Promise<Ended>;
  /** Deploys it with its states at a place where there is nothing yet. */
  readonly deployInto: (backend: Environment["backend"]) => Promise<void>;
  /** The blocks of commands that a section of the page shows. */
  readonly blocks: (heading: string) => string[];
}

/** @param more variables of all commands */
export function useShop(more: () => NodeJS.ProcessEnv = () => ({})): Shop {
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

  const variables = (): NodeJS.ProcessEnv => {
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
      ...more(),
    };
  };
  const shop: Shop = {
    get project() {
      return project;
    },
    get aws() {
      return aws();
    },
    get s3() {
      return s3;
    },
    configure: (backend, ...servers) => {
      const sites = { berlin: onPremises(...(servers.length > 0 ? servers : ["rack-1"])) };
      project.configure({ name: "shop", backend, sites, services: {} }, "dev.json");
    },
    shell: (script) =>
      run({
        program: "bash",
        args: ["-c", `set -e\n${script}`],
        folder: project.folder,
        variables: variables(),
        log: undefined,
        seconds: 200,
      }),
    anywhere: async (...args) => {
      const { exitCode, ...printed } = await project.anywhere(args, variables());
      return { exitCode: exitCode ?? 1, ...printed };
    },
    deploy: () => shop.anywhere("deploy", "--auto-approve"),
    deployInto: async (backend) => {
      shop.configure(backend);
      expect(await shop.anywhere("bootstrap-state")).toSucceed();
      expect(await shop.deploy()).toSucceed();
    },
    blocks: (heading) => documentedCommands(page, heading),
  };
  return shop;
}
