import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { shellQuoted } from "../environment";
import type { Package } from "../providers/relay/place";
import type { StandIn } from "../providers/serve";
import { findProgram, findTerraform } from "./executable";
import { byVersion, findMirrors, mirrorRoots, platform, type Mirror } from "./mirrors";

/** The permitted sources of providers: `auto` takes a stand-in only if the real one isn't available. */
export type ProviderSetting = "auto" | "real" | "stand-in";

export type ProviderName = "aws" | StandIn;

/** The source of one provider. */
export interface ProviderChoice {
  readonly source: "registry" | "mirror" | "stand-in";
  /** The version that the project's bindings pin; the newest in the mirrors if they lack that. */
  readonly version: string;
}

/** Options of {@link prepareTerraform}. */
export interface TerraformOptions {
  /** Folder that gets `terraformrc` and `bin/`. */
  readonly directory: string;
  readonly setting: ProviderSetting;
  /** Variables to read PATH, HOME, XDG_DATA_HOME and TF_PLUGIN_MIRROR from. @default process.env */
  readonly environment?: NodeJS.ProcessEnv;
  /** The registry's address. @default https://registry.terraform.io */
  readonly registry?: string;
  /**
   * Makes a mirror of the AWS provider that is used in place of the one with this package, and that Terraform must talk to
   * without TLS. @default none
   */
  readonly relay?: ((provider: Package) => Promise<string>) | undefined;
  /** Folders to search for mirrors, instead of Terraform's own, TF_PLUGIN_MIRROR and those below /opt. */
  readonly mirrors?: readonly string[];
}

/** Terraform, ready to work against the local cloud. */
export interface Terraform {
  /** Path and version of the terraform that the wrapper runs. */
  readonly executable: string;
  readonly version: string;
  readonly providers: Readonly<Record<ProviderName, ProviderChoice>>;
  /** Folder of the wrapper `terraform`, and of `tofu` if that is in PATH: must come first there. */
  readonly bin: string;
  /** The mirror that {@link TerraformOptions.relay} has made, if it was used. */
  readonly relay: string | undefined;
  /** Variables for every command, in addition to PATH and TF_REATTACH_PROVIDERS. */
  readonly environment: Readonly<
    Record<"TERRAFORM_BINARY_NAME" | "TF_CLI_CONFIG_FILE" | "CHECKPOINT_DISABLE", string>
  >;
}

/**
 * Finds terraform and the providers, and writes the CLI configuration and a wrapper that makes them fit together.
 * Takes at most 5 s where the registry doesn't answer.
 * @throws Error, one line, without terraform 1.9 or newer, or without a provider that the setting asks for
 */
export async function prepareTerraform(options: TerraformOptions): Promise<Terraform> {
  const {
    directory,
    setting,
    environment = process.env,
    registry = "https://registry.terraform.io",
  } = options;
  const roots = options.mirrors ?? (await mirrorRoots(environment));
  const pins = {
    aws: await readPin("aws"),
    digitalocean: await readPin("digitalocean"),
    null: await readPin("null"),
  };
  const [terraform, isReachable, mirrors] = await Promise.all([
    findTerraform(environment),
    answers(registry),
    findMirrors(
      roots,
      Object.values(pins).map(({ address }) => address),
    ),
  ]);
  const choose = (name: ProviderName): ProviderChoice => {
    const { address, version } = pins[name];
    const mirrored = mirrors
      .filter((mirror) => mirror.address === address)
      .flatMap(({ versions }) => versions);
    const newest = mirrored.sort(byVersion).at(-1);
    if (setting === "stand-in" && name !== "aws") {
      return { source: "stand-in", version };
    }
    if (isReachable) {
      return { source: "registry", version };
    }
    if (newest !== undefined) {
      return { source: "mirror", version: mirrored.includes(version) ? version : newest };
    }
    if (setting === "auto" && name !== "aws") {
      return { source: "stand-in", version };
    }
    throw new Error(
      `No Terraform provider ${address}: ${registry} doesn't answer, and no mirror has it for ${platform} ` +
        `(looked in ${roots.join(", ") || "none"}). Connect to the registry, or set TF_PLUGIN_MIRROR to a folder ` +
        `laid out ${address}/VERSION/${platform}.`,
    );
  };
  const providers = { aws: choose("aws"), digitalocean: choose("digitalocean"), null: choose("null") };
  const names = ["aws", "digitalocean", "null"] as const;
  const fromMirrors = names
    .filter((name) => providers[name].source === "mirror")
    .map((name) => pins[name].address);
  const found = mirrors.filter(({ address }) => fromMirrors.includes(address));
  const relayed =
    providers.aws.source === "mirror" && options.relay !== undefined
      ? await relayedMirror(found, { ...pins.aws, ...providers.aws }, options.relay)
      : undefined;
  const used =
    relayed === undefined ? found : [...found.filter(({ address }) => address !== relayed.address), relayed];
  const lockable = names.every((name) => providers[name].source === "registry");

  const bin = resolve(directory, "bin");
  const configuration = resolve(directory, "terraformrc");
  await mkdir(bin, { recursive: true });
  await writeFile(configuration, cliConfiguration(used));
  const programs = { terraform: terraform.executable, tofu: await findProgram("tofu", environment) };
  for (const [name, executable] of Object.entries(programs)) {
    if (executable !== undefined) {
      await writeFile(
        join(bin, `${name}.settings`),
        wrapperSettings(executable, { used, lockable, relay: relayed?.root ?? "" }),
      );
      await copyFile(join(__dirname, "wrapper.sh"), join(bin, name));
      await chmod(join(bin, name), 0o755);
    }
  }
  return {
    ...terraform,
    providers,
    bin,
    relay: relayed?.root,
    environment: {
      TERRAFORM_BINARY_NAME: join(bin, "terraform"),
      TF_CLI_CONFIG_FILE: configuration,
      CHECKPOINT_DISABLE: "1",
    },
  };
}

interface Pin {
  readonly address: string;
  readonly version: string;
}

/** The provider that the installed bindings are generated for, which every stack pins. */
async function readPin(name: ProviderName): Promise<Pin> {
  const manifest = await readFile(require.resolve(`@cdktf/provider-${name}/package.json`), "utf8");
  const { cdktf } = JSON.parse(manifest) as { cdktf: { provider: { name: string; version: string } } };
  return { address: cdktf.provider.name, version: cdktf.provider.version };
}

/** Whether a provider registry answers within 3 s. */
async function answers(registry: string): Promise<boolean> {
  try {
    const response = await fetch(`${registry}/.well-known/terraform.json`, {
      signal: AbortSignal.timeout(3000),
    });
    const services: unknown = await response.json();
    return response.ok && typeof services === "object" && services !== null && "providers.v1" in services;
  } catch {
    return false;
  }
}

function cliConfiguration(mirrors: readonly Mirror[]): string {
  const list = (items: readonly string[]): string =>
    `[${items.map((item) => JSON.stringify(item)).join(", ")}]`;
  const blocks = mirrors.map(
    ({ root, address }) =>
      `  filesystem_mirror {\n    path    = ${JSON.stringify(root)}\n    include = ${list([address])}\n  }\n`,
  );
  const excluded = list([...new Set(mirrors.map(({ address }) => address))]);
  return `provider_installation {\n${blocks.join("")}  direct {\n    exclude = ${excluded}\n  }\n}\n`;
}

/** A mirror that relays to a provider in another one. */
async function relayedMirror(
  mirrors: readonly Mirror[],
  { address, version }: Pin,
  relay: NonNullable<TerraformOptions["relay"]>,
): Promise<Mirror> {
  const place = join(address, version, platform);
  const { root = "" } =
    mirrors.find((mirror) => mirror.address === address && mirror.versions.includes(version)) ?? {};
  return { root: await relay({ folder: join(root, place), place }), address, versions: [version] };
}

function wrapperSettings(
  executable: string,
  {
    used,
    lockable,
    relay,
  }: { readonly used: readonly Mirror[]; readonly lockable: boolean; readonly relay: string },
): string {
  const mirrored = [...new Set(used.map(({ address }) => address))].map((provider) => {
    const versions = used.flatMap((mirror) => (mirror.address === provider ? mirror.versions : []));
    return shellQuoted([provider, ...versions.sort(byVersion)].join(" "));
  });
  return [
    `real=${shellQuoted(executable)}`,
    `platform=${platform}`,
    `mirrored=(${mirrored.join(" ")})`,
    `lockable=${lockable ? "yes" : "no"}`,
    `relay=${shellQuoted(relay)}`,
    "",
  ].join("\n");
}
