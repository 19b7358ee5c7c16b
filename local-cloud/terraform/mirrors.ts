import { readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** A folder with one or more versions of a provider, for this platform. */
export interface Mirror {
  /** The folder that contains `registry.terraform.io`: the path of a `filesystem_mirror`. */
  readonly root: string;
  readonly address: string;
  readonly versions: string[];
}

/** Terraform's name for this computer's platform: `linux_amd64`. */
export const platform = `${process.platform}_${process.arch === "x64" ? "amd64" : process.arch}`;

const registryFolder = "registry.terraform.io";
/** How deep below /opt a mirror may be. */
const searchDepth = 3;

/**
 * Folders that may contain a mirror: TF_PLUGIN_MIRROR, Terraform's implied ones, and any below /opt, where machine
 * images have theirs. Source: Terraform, "CLI Configuration File", Implied Local Mirror Directories.
 */
export async function mirrorRoots(environment: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const { TF_PLUGIN_MIRROR: given, XDG_DATA_DIRS: dataFolders = "/usr/local/share:/usr/share" } = environment;
  const { HOME: home = homedir(), XDG_DATA_HOME: dataHome = join(home, ".local/share") } = environment;
  const implied = [
    join(home, ".terraform.d/plugins"),
    ...[dataHome, ...dataFolders.split(":")].map((folder) => join(folder, "terraform/plugins")),
    join(home, "Library/Application Support/io.terraform/plugins"),
    "/Library/Application Support/io.terraform/plugins",
  ];
  const candidates = [...(given === undefined || given === "" ? [] : [given]), ...implied];
  const existing = await Promise.all(
    candidates.map(async (root) => ((await folders(root)).length > 0 ? [root] : [])),
  );
  return [...existing.flat(), ...(await rootsBelow("/opt", searchDepth))];
}

async function rootsBelow(folder: string, depth: number): Promise<string[]> {
  const names = await folders(folder);
  if (names.includes(registryFolder)) {
    return [folder];
  }
  const deeper = depth === 0 ? [] : names.map((name) => rootsBelow(join(folder, name), depth - 1));
  return (await Promise.all(deeper)).flat();
}

/** The mirrors of these providers in these folders, laid out ADDRESS/VERSION/OS_ARCH. */
export async function findMirrors(
  roots: readonly string[],
  addresses: readonly string[],
): Promise<readonly Mirror[]> {
  const pairs = roots.flatMap((root) => addresses.map((address) => ({ root, address })));
  const mirrors = await Promise.all(
    pairs.map(async ({ root, address }) => {
      const path = join(root, address);
      const versions = await Promise.all(
        (await folders(path)).map(async (version) =>
          (await folders(join(path, version))).includes(platform) ? [version] : [],
        ),
      );
      return { root, address, versions: versions.flat() };
    }),
  );
  return mirrors.filter(({ versions }) => versions.length > 0);
}

/** Names of the folders in a folder, links left out as Terraform leaves them out; none when it can't be read. */
async function folders(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    return [];
  }
}

/** Orders versions by their numbers. */
export function byVersion(one: string, other: string): number {
  return one.localeCompare(other, "en", { numeric: true });
}
