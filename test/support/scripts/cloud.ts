import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { placeAwsCli } from "../../../local-cloud/aws-cli/place";
import { startMoto } from "../../../local-cloud/aws/moto/moto";
import { motoClient, type MotoClient } from "../../../local-cloud/aws/moto/moto-client";
import { loadApis } from "../../../local-cloud/aws/protocol/api";
import { createAwsHandler } from "../../../local-cloud/aws/protocol/gateway";
import { defaultSettings, type Settings } from "../../../local-cloud/aws/settings";
import { closeServer, listen } from "../../../local-cloud/http-server";
import { ensurePython } from "../../../local-cloud/python/environment";
import type { World } from "../../../local-cloud/world";
import { startScript, type Ended, type Running } from "./run";

/** Seconds after which an agent counts as lost: only one that has never called does. */
const never = 1e9;

/** AWS for scripts to work with, by the real AWS CLI: a world, and what moto serves. */
export interface AwsStage {
  readonly world: World;
  /** Calls what moto serves, past the scripts. */
  readonly moto: MotoClient;
  /** Names of the operations that were called, in order. */
  readonly calls: string[];
  /** Is done before a call is answered, with the call's number from 1. */
  before: (operation: string, number: number) => unknown;
  /** Is done after that: what goes on in the world by itself. */
  act: () => void;
  /** Folder of a PATH on which there is the AWS CLI alone. */
  readonly bin: string;
  /** File with the scripts' credentials. */
  readonly credentials: string;
  /** Runs a script to its end, with this and the way to AWS in its environment. */
  run(
    file: string,
    environment: Readonly<Record<string, string>>,
    started?: (running: Running) => void,
  ): Promise<Ended>;
  /** Lets nobody connect from now on. */
  hangUp(): void;
  close(): Promise<void>;
}

/** The parts that the stages of a test file share, since they take a second to start. */
export interface AwsStages {
  open(world: World, settings: Partial<Settings>): Promise<AwsStage>;
  /** Takes from moto what earlier stages have left there. */
  emptyMoto(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the AWS CLI and moto. */
export async function startAwsStages(): Promise<AwsStages> {
  const python = await ensurePython(join(__dirname, "../../../.local-cloud"));
  const bin = mkdtempSync(join(tmpdir(), "aws-"));
  const [closeCli, moto, apis] = await Promise.all([
    placeAwsCli(python, { bin, runDirectory: bin, log: join(bin, "aws.log") }),
    startMoto(python, join(bin, "moto.log")),
    loadApis(python),
  ]);
  // Returns once it has loaded: a stage's time goes by meanwhile.
  await promisify(execFile)(join(bin, "aws"), ["--version"]);
  return {
    emptyMoto: async () => {
      await fetch(`http://127.0.0.1:${moto.port}/moto-api/reset`, { method: "POST" });
    },
    open: (world, settings) => {
      const handler = createAwsHandler(world, {
        apis,
        motoPort: moto.port,
        settings: { ...defaultSettings, ...settings, lostAfter: never },
      });
      return openStage(world, { bin, handler, moto: motoClient(moto.port, world.account) });
    },
    close: async () => {
      await Promise.all([closeCli(), moto.close()]);
      rmSync(bin, { recursive: true });
    },
  };
}

async function openStage(
  world: World,
  shared: Pick<AwsStage, "bin" | "moto"> & { readonly handler: RequestListener },
): Promise<AwsStage> {
  const { bin, moto, handler } = shared;
  const home = mkdtempSync(join(tmpdir(), "script-"));
  const credentials = join(home, "credentials");
  writeFileSync(credentials, "[default]\naws_access_key_id = test\naws_secret_access_key = test\n");
  const calls: string[] = [];
  const gateway = createServer((request, response) => {
    // Scripts make only one call of another protocol, which has no target.
    const target = String(request.headers["x-amz-target"] ?? ".GetCallerIdentity");
    const operation = target.slice(target.indexOf(".") + 1);
    const number = calls.push(operation);
    Promise.resolve(stage.before(operation, number)).then(
      () => {
        stage.act();
        handler(request, response);
      },
      (error: unknown) => {
        response.writeHead(500).end(String(error));
      },
    );
  });
  await listen(gateway, { host: "127.0.0.1", port: 0 });
  const { port } = gateway.address() as AddressInfo;
  const stage: AwsStage = {
    world,
    moto,
    calls,
    before: () => undefined,
    act: () => undefined,
    bin,
    credentials,
    run: (file, environment, started = () => undefined) => {
      const running = startScript(file, {
        PATH: `${bin}:${process.env["PATH"] ?? ""}`,
        HOME: home,
        TMPDIR: home,
        AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
        AWS_CONFIG_FILE: join(home, "config"),
        AWS_SHARED_CREDENTIALS_FILE: credentials,
        AWS_EC2_METADATA_DISABLED: "true",
        // The CLI's own pauses between attempts would be the longest of a test.
        AWS_MAX_ATTEMPTS: "1",
        NO_PROXY: "127.0.0.1",
        ...environment,
      });
      started(running);
      return running.ended;
    },
    hangUp: () => {
      gateway.close();
    },
    close: async () => {
      await closeServer(gateway);
      rmSync(home, { recursive: true });
    },
  };
  return stage;
}
