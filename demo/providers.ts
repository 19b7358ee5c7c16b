import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import type { LocalCloud } from "../local-cloud/start";
import type { Project } from "./project";

/** A provider as Terraform ran it. */
export interface ProviderUsed {
  readonly version: string;
  /** The version that the project's JSON requires; the local cloud may have another. */
  readonly pinned: string;
  readonly source: "registry" | "mirror" | "stand-in";
}

/** Providers by name. */
export type ProvidersUsed = Readonly<Record<string, ProviderUsed>>;

/**
 * The providers that Terraform ran: attached ones from the variable that attaches them, the others from the stacks'
 * lock files, and from the targets of Terraform's links.
 */
export function providersUsed(project: Project, { environment }: LocalCloud): ProvidersUsed {
  const attached = Object.keys(JSON.parse(environment["TF_REATTACH_PROVIDERS"] ?? "{}") as object);
  const used = project.stacks().flatMap((stack) => {
    const folder = project.folderOf(stack);
    return Object.entries(project.requirementsOf(stack)).map(([name, { source: address, version }]) => {
      return [
        name,
        attached.includes(address)
          ? { version, pinned: version, source: "stand-in" }
          : { ...installed(folder, address), pinned: version },
      ] as const;
    });
  });
  return Object.fromEntries(used) as ProvidersUsed;
}

function installed(stackFolder: string, address: string): Omit<ProviderUsed, "pinned"> {
  const lock = readFileSync(join(stackFolder, ".terraform.lock.hcl"), "utf8");
  const block = lock.slice(lock.indexOf(`provider "${address}"`));
  const version = /version *= "([^"]+)"/.exec(block)?.[1];
  if (version === undefined) {
    throw new Error(`${stackFolder}/.terraform.lock.hcl names no ${address}`);
  }
  const link = join(stackFolder, ".terraform", "providers", address, version);
  const [platform = ""] = readdirSync(link);
  // A provider from the registry is unpacked within the project; one from a mirror is a link.
  const own = realpathSync(resolve(__dirname, ".."));
  return { version, source: realpathSync(join(link, platform)).startsWith(own) ? "registry" : "mirror" };
}

const sources: Readonly<Record<ProviderUsed["source"], string>> = {
  registry: "from the registry",
  mirror: "from a mirror",
  "stand-in": "a stand-in",
};

/** A line that says which providers a demo was proven with, and which ones the project pins. */
export function provenWith(used: ProvidersUsed): string {
  const each = Object.entries(used).map(([name, { version, pinned, source }]) => {
    const other = version === pinned ? "" : `, where the project pins ${pinned}`;
    return `${name} ${version} (${sources[source]}${other})`;
  });
  return `Proven with the providers ${each.join(", ")}.`;
}
