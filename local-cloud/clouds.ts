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
import { shellScript, type Environment } from "./environment";
import { lock } from "./lock";
import { createMachines } from "./nodes/create-machines";
import { signingKeyFingerprint } from "./nodes/origin/signature";
import { imageFolder } from "./nodes/inside/images/image";
import { serveProviders, type StandIn } from "./providers/serve";
import { ensurePython } from "./python/environment";
import { makeRunDirectory } from "./run-directory";
import { removeOverrides } from "./terraform/overrides";
import { prepareTerraform, type ProviderSetting, type Terraform } from "./terraform/setup";
import { createWorld } from "./world";

export interface CloudOptions {
  readonly directory: string;
  /** `reference=folder` of images that containers can be made of. */
  readonly image: readonly string[];
  readonly providers: ProviderSetting;
  readonly sandbox: "auto" | "namespaces" | "process";
  /** Items of a page of AWS's lists, at most. @default 100 */
  readonly pageSize?: number;
  /** How long a second of a stand-in provider's waits lasts, in milliseconds. @default 1000 */
  readonly providerSecond?: number;
}

/** What a process that started a local cloud is told once it is ready. */
export interface Ready {
  /** Variables that turn a command to it. */
  readonly environment: Environment;
  /** Base URL of the admin endpoint. */
  readonly adminEndpoint: string;
  /** Where Terraform will find its providers. */
  readonly providers: Terraform["providers"];
  readonly sandbox: "namespaces" | "process";
}

/** A running local cloud. */
export interface Running {
  readonly ready: Ready;
  /** What it is made of and how to use it, for people. */
  readonly description: string;
  /** Ends everything, in reverse order. */
  close(): Promise<void>;
}

const account = "123456789012";
const token = "local-cloud";
/** Milliseconds between two looks at what the schedulers have to do. */
const tick = 250;
/** Milliseconds between two looks at what containers have printed. Docker's driver sends it every five seconds. */
const logPeriod = 1000;
/** The virtual environment is shared by all local clouds of a project. */
const sharedDirectory = resolve(__dirname, "../.local-cloud");

/**
 * Puts the clouds together: one world, the AWS gateway, DigitalOcean, machines, providers, the admin endpoint.
 * @throws Error of one line when something is missing on this computer; nothing is left running then
 */
export async function createLocalCloud(options: CloudOptions): Promise<Running> {
  const directory = resolve(options.directory);
  mkdirSync(join(directory, "logs"), { recursive: true });
  const closers: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) {
      await closer();
    }
  };
  try {
    closers.push(await lock(directory));
    // A cloud that was killed has left its own.
    await removeOverrides(directory);
    closers.push(() => removeOverrides(directory));
    const terraform = await prepareTerraform({ directory, setting: options.providers });
    const python = await ensurePython(sharedDirectory);
    placeImages(directory, options.image);
    await placeDocker(terraform.bin);
    const plugins = join(sharedDirectory, "plugins");
    mkdirSync(plugins, { recursive: true });

    const world = createWorld(account);
    const moto = await startMoto(python, join(directory, "logs", "moto.log"));
    closers.push(() => moto.close());
    const settings = { ...defaultSettings, pageSize: options.pageSize ?? defaultSettings.pageSize };
    const gateway = { apis: await loadApis(python), motoPort: moto.port, settings };
    const aws = await serveAws(world, gateway);
    closers.push(() => aws.close());

    const runDirectory = await makeRunDirectory(directory);
    closers.push(() => runDirectory.remove());
    const log = join(directory, "logs", "aws-cli.log");
    closers.push(await placeAwsCli(python, { bin: terraform.bin, runDirectory: runDirectory.path, log }));
    const machines = await createMachines({
      world,
      directory,
      runDirectory: runDirectory.path,
      imagesDirectory: join(directory, "images"),
      handler: createAwsHandler(world, gateway),
      sandbox: options.sandbox,
      python: python.python,
    });
    closers.push(() => machines.close());
    const digitalocean = await serveDigitalOcean(world, machines);
    closers.push(() => digitalocean.close());
    const certificateAuthority = join(directory, "certificate-authority.pem");
    writeFileSync(certificateAuthority, digitalocean.root);
    const providers = await serveProviders({
      which: standIns(terraform),
      digitalocean: {
        endpoint: digitalocean.endpoint,
        token,
        secondMilliseconds: options.providerSecond ?? 1000,
      },
    });
    closers.push(() => providers.close());
    const timer = setInterval(() => {
      for (const place of everyPlace({ world, settings })) {
        reconcile({ ...place, now: Date.now() });
      }
    }, tick);
    closers.push(() => {
      clearInterval(timer);
    });
    closers.push(startScheduler(world, gateway, tick));
    closers.push(startContainerLogs(world, machines, motoClient(moto.port, account), logPeriod));
    const admin = await serveAdmin({
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
    closers.push(() => admin.close());

    const environment = {
      ...terraform.environment,
      PATH: [terraform.bin, process.env["PATH"] ?? ""].join(delimiter),
      TF_PLUGIN_CACHE_DIR: plugins,
      TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE: "1",
      TF_REATTACH_PROVIDERS: providers.reattach,
      ANYWHERE_ENV: "local",
      ANYWHERE_SIGNING_KEY: signingKeyFingerprint,
      ...awsVariables(directory, aws.url),
      DIGITALOCEAN_API_URL: digitalocean.endpoint,
      DIGITALOCEAN_TOKEN: token,
      NO_PROXY: "127.0.0.1,localhost",
      no_proxy: "127.0.0.1,localhost",
      LOCAL_CLOUD_ADMIN: admin.url,
      LOCAL_CLOUD_CERTIFICATE_AUTHORITY: certificateAuthority,
    };
    writeFileSync(join(directory, "env"), shellScript(environment), { mode: 0o600 });
    closers.push(() => {
      rmSync(join(directory, "env"), { force: true });
    });
    const ready = {
      environment,
      adminEndpoint: admin.url,
      providers: terraform.providers,
      sandbox: machines.sandbox,
    };
    return { ready, description: describe(ready, machines.sandboxReason, directory), close };
  } catch (error) {
    await close();
    throw error;
  }
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

function describe(
  { providers, sandbox, adminEndpoint }: Ready,
  reason: string | undefined,
  directory: string,
): string {
  const used = Object.entries(providers).map(
    ([name, { source, version }]) => `${name} ${version} (${source})`,
  );
  return [
    `providers: ${used.join(", ")}`,
    `nodes: ${sandbox}${reason === undefined ? "" : `, since ${reason}`}`,
    `admin endpoint: ${adminEndpoint}`,
    `ready: source ${join(directory, "env")} in another shell; Ctrl-C ends everything`,
  ].join("\n");
}
