import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { serveAdmin } from "./admin/admin";
import { loadApis } from "./aws/protocol/api";
import { seedForeign } from "./aws/foreign";
import { createAwsHandler, serveAws } from "./aws/protocol/gateway";
import { startContainerLogs } from "./aws/ecs/tasks/container-logs";
import { startMoto } from "./aws/moto/moto";
import { motoClient } from "./aws/moto/moto-client";
import { everyPlace } from "./aws/protocol/places";
import { reconcile } from "./aws/ecs/reconcile";
import { startScheduler } from "./aws/scheduler/start-scheduler";
import { defaultSettings } from "./aws/settings";
import { placeAwsCli } from "./aws-cli/place";
import { serveDigitalOcean } from "./digitalocean/api/api";
import { placeDocker } from "./docker/place";
import { writeShellScript } from "./environment";
import { lowestPort } from "./digitalocean/balancing/loopback-address";
import { lock } from "./lock";
import { createMachines } from "./nodes/create-machines";
import { signingKeyFingerprint } from "./nodes/origin/signature";
import { imageFolder } from "./nodes/inside/images/image";
import { placeRelay } from "./providers/relay/place";
import { startRelay } from "./providers/relay/start";
import { serveProviders, type StandIn } from "./providers/serve";
import { ensurePython } from "./python/environment";
import { progressOn } from "./python/progress";
import { describe, type Ready } from "./ready";
import { makeRunDirectory } from "./run-directory";
import { endWrappers } from "./terraform/overrides";
import { requirePrograms } from "./terraform/programs";
import { openTerraformCloud } from "./terraform-cloud/open";
import { prepareTerraform, type ProviderSetting, type Terraform } from "./terraform/setup";
import { createWorld } from "./world";

export interface CloudOptions {
  readonly directory: string;
  /** `reference=folder` of images for containers. */
  readonly image: readonly string[];
  readonly providers: ProviderSetting;
  readonly sandbox: "auto" | "namespaces" | "process";
  /** What Terraform is told of the AWS provider's schema: all, or what the local cloud can hold, which is faster. */
  readonly awsSchema: "held" | "whole";
  /** Items on a page of AWS's lists at most. @default 100 */
  readonly pageSize?: number;
  /** Length of a second of a stand-in provider's waits, in milliseconds. @default 1000 */
  readonly providerSecond?: number;
}

/** A running local cloud. */
export interface Running {
  readonly ready: Ready;
  /** Its parts and usage, for people. */
  readonly description: string;
  /** Ends everything, in reverse order. */
  close(): Promise<void>;
}

const account = "123456789012";
const token = "local-cloud";
/** Milliseconds between two runs of the schedulers. */
const tick = 250;
/** Milliseconds between two looks at containers' output. Docker's driver sends it every five seconds. */
const logPeriod = 1000;
const authorityFile = "certificate-authority.pem";
/** The virtual environment is shared by all local clouds of a project. */
const sharedDirectory = resolve(__dirname, "../.local-cloud");
const schemaFile = join(sharedDirectory, "aws-schema");

/**
 * Assembles the clouds: one world, the AWS gateway, DigitalOcean, machines, providers, the admin endpoint.
 * @throws Error of one line when something is missing on this computer; nothing is left running then
 */
export async function createLocalCloud(options: CloudOptions): Promise<Running> {
  await requirePrograms(process.env);
  const directory = resolve(options.directory);
  mkdirSync(join(directory, "logs"), { recursive: true });
  const opened = new Opened();
  try {
    const tools = await prepareTools(options, directory, opened);
    const aws = await openAws(options, directory, tools, opened);
    const { machines, digitalocean } = await openDigitalOcean(options, directory, tools, aws, opened);
    openSchedulers(aws, machines, opened);
    const providers = opened.keep(
      await serveProviders({
        which: standIns(tools.terraform),
        digitalocean: {
          endpoint: digitalocean.endpoint,
          token,
          secondMilliseconds: options.providerSecond ?? 1000,
        },
      }),
    );
    const admin = opened.keep(await openAdmin(aws, machines));
    const terraformCloud = opened.keep(
      await openTerraformCloud(aws.world, {
        directory,
        runDirectory: tools.runDirectory,
        token,
        terraform: tools.terraform,
        authority: digitalocean.authority,
        localWorld: {
          TF_REATTACH_PROVIDERS: providers.reattach,
          TF_PLUGIN_CACHE_DIR: tools.environment.TF_PLUGIN_CACHE_DIR,
          TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE: "1",
          AWS_ENDPOINT_URL: aws.url,
          // The AWS provider assumes a role with a web identity before it reads the variable above.
          AWS_STS_ENDPOINT: aws.url,
          AWS_ENDPOINT_URL_STS: aws.url,
          DIGITALOCEAN_API_URL: digitalocean.endpoint,
        },
      }),
    );
    const environment = {
      ...tools.environment,
      TF_REATTACH_PROVIDERS: providers.reattach,
      ...awsVariables(directory, aws.url),
      DIGITALOCEAN_API_URL: digitalocean.endpoint,
      DIGITALOCEAN_TOKEN: token,
      LOCAL_CLOUD_ADMIN: admin.url,
      LOCAL_CLOUD_CERTIFICATE_AUTHORITY: join(directory, authorityFile),
      ...terraformCloud.environment,
    };
    writeShellScript(join(directory, "env"), environment);
    opened.defer(() => {
      rmSync(join(directory, "env"), { force: true });
    });
    const ready = {
      environment,
      adminEndpoint: admin.url,
      providers: tools.terraform.providers,
      sandbox: machines.sandbox,
      sandboxReason: machines.sandboxReason,
    };
    const description = describe(ready, directory, terraformCloud.hostname);
    return { ready, description, close: () => opened.close() };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** The opened resources, closed in reverse order. */
class Opened {
  private readonly closers: (() => unknown)[] = [];

  keep<Closable extends { close(): unknown }>(closable: Closable): Closable {
    this.defer(() => closable.close());
    return closable;
  }

  defer(closer: () => unknown): void {
    this.closers.push(closer);
  }

  async close(): Promise<void> {
    for (const closer of this.closers.splice(0).reverse()) {
      await closer();
    }
  }
}

/** The clouds' tools on this computer, and the variables that lead commands to them. */
async function prepareTools(options: CloudOptions, directory: string, opened: Opened) {
  opened.defer(await lock(directory));
  // A killed cloud has left its own.
  await endWrappers(directory);
  opened.defer(() => endWrappers(directory));
  const progress = progressOn(process.stdout);
  const havePython = () => ensurePython(sharedDirectory, progress.tell).finally(progress.end);
  const terraform = await prepareTerraform({
    directory,
    setting: options.providers,
    relay:
      options.awsSchema === "held"
        ? async (provider) => {
            const { python } = await havePython();
            return placeRelay({ mirror: join(directory, "relay"), schemaFile, python, provider });
          }
        : undefined,
  });
  const python = await havePython();
  placeImages(directory, options.image);
  await placeDocker(terraform.bin);
  // Terraform keeps links to mirrors there.
  const plugins = join(terraform.relay ?? sharedDirectory, "plugins");
  mkdirSync(plugins, { recursive: true });
  const run = await makeRunDirectory(directory);
  opened.defer(() => run.remove());
  const log = join(directory, "logs", "aws-cli.log");
  const socket = join(run.path, "provider-relay.sock");
  const relay = opened.keep(await startRelay({ mirror: terraform.relay, socket }));
  opened.defer(await placeAwsCli(python, { bin: terraform.bin, runDirectory: run.path, log }));
  const environment = {
    ...terraform.environment,
    ...relay.variables,
    PATH: [terraform.bin, process.env["PATH"] ?? ""].join(delimiter),
    TF_PLUGIN_CACHE_DIR: plugins,
    TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE: "1",
    ANYWHERE_ENV: "local",
    ANYWHERE_SIGNING_KEY: signingKeyFingerprint,
    ANYWHERE_NODE_REGION: defaultSettings.region,
    ANYWHERE_LOWEST_PORT: String(lowestPort()),
    NO_PROXY: "127.0.0.1,localhost",
    no_proxy: "127.0.0.1,localhost",
  };
  return { terraform, python, runDirectory: run.path, environment };
}

type Tools = Awaited<ReturnType<typeof prepareTools>>;

async function openAws(options: CloudOptions, directory: string, { python }: Tools, opened: Opened) {
  const world = createWorld(account);
  const moto = opened.keep(await startMoto(python, join(directory, "logs", "moto.log")));
  const settings = { ...defaultSettings, pageSize: options.pageSize ?? defaultSettings.pageSize };
  const gateway = { apis: await loadApis(python), motoPort: moto.port, settings };
  const { url } = opened.keep(await serveAws(world, gateway));
  return { world, gateway, url };
}

type Aws = Awaited<ReturnType<typeof openAws>>;

async function openDigitalOcean(
  { sandbox }: CloudOptions,
  directory: string,
  { python, runDirectory }: Tools,
  { world, gateway }: Aws,
  opened: Opened,
) {
  const machines = opened.keep(
    await createMachines({
      world,
      directory,
      runDirectory,
      imagesDirectory: join(directory, "images"),
      handler: createAwsHandler(world, gateway),
      sandbox,
      python: python.python,
    }),
  );
  const digitalocean = opened.keep(await serveDigitalOcean(world, machines));
  writeFileSync(join(directory, authorityFile), digitalocean.authority.root);
  return { machines, digitalocean };
}

type Machines = Awaited<ReturnType<typeof createMachines>>;

/** Everything that runs periodically. */
function openSchedulers({ world, gateway }: Aws, machines: Machines, opened: Opened): void {
  const { settings, motoPort } = gateway;
  const timer = setInterval(() => {
    for (const place of everyPlace({ world, settings })) {
      reconcile({ ...place, now: Date.now() });
    }
  }, tick);
  opened.defer(() => {
    clearInterval(timer);
  });
  opened.defer(startScheduler(world, gateway, tick));
  opened.defer(startContainerLogs(world, machines, motoClient(motoPort, account), logPeriod));
}

function openAdmin({ world, gateway: { settings } }: Aws, machines: Machines) {
  return serveAdmin({
    world,
    machines,
    origin: machines.origin,
    seedForeign: (prefix) => {
      const tags = { "anywhere.deployment": `${prefix}-2`, "anywhere.site": "elsewhere" };
      const foreign = seedForeign({ world, settings, now: Date.now() }, { namePrefix: prefix, tags });
      return {
        managedInstances: foreign.managedInstances.map(({ id }) => id),
        containerInstances: foreign.containerInstances.map(({ arn }) => arn),
      };
    },
  });
}

/** No profile, no single sign-on and no instance metadata: only these credentials, for this endpoint. */
function awsVariables(directory: string, url: string) {
  return {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: "local-cloud",
    AWS_SECRET_ACCESS_KEY: "local-cloud",
    AWS_CONFIG_FILE: join(directory, "aws-config"),
    AWS_SHARED_CREDENTIALS_FILE: join(directory, "aws-credentials"),
    AWS_EC2_METADATA_DISABLED: "true",
  };
}

function standIns({ providers }: Terraform): StandIn[] {
  return (["digitalocean", "null"] as const).filter((name) => providers[name].source === "stand-in");
}

function placeImages(directory: string, images: readonly string[]): void {
  for (const image of images) {
    const [reference = "", folder = ""] = image.split(/=(.*)/s);
    cpSync(folder, imageFolder(join(directory, "images"), reference), { recursive: true });
  }
}
