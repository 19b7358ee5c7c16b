import type { LocalCloud } from "../local-cloud/start";
import type { ProviderChoice, ProviderName } from "../local-cloud/terraform/setup";
import type { Project } from "./project";

/** A provider as Terraform ran it. */
export interface ProviderUsed extends ProviderChoice {
  /** The version that the project's JSON requires; the local cloud may have another. */
  readonly pinned: string;
}

/** Providers by name. */
export type ProvidersUsed = Readonly<Record<string, ProviderUsed>>;

/** The providers of the deployment's stacks, as the local cloud has given them to Terraform. */
export function providersUsed(project: Project, { providers }: Pick<LocalCloud, "providers">): ProvidersUsed {
  const required = project.stacks().flatMap((stack) => Object.entries(project.requirementsOf(stack)));
  return Object.fromEntries(
    required.map(([name, { version: pinned }]) => [name, { ...providers[name as ProviderName], pinned }]),
  );
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
