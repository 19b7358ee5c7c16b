import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readManifest } from "../../checkout/manifest";
import { Refusal } from "../refusals/refusal";
import { unknownName } from "../refusals/unknown-name";

/** The stack that comes before all others. */
export const controlPlane = "control-plane";

/** The stack of a service. */
export const serviceStack = (service: string): string => `service-${service}`;

/** The stack with all jobs. */
export const jobs = "jobs";

/** The stack with the activations of all nodes. */
export const activations = "activations";

/** The stack with a site's nodes. */
export const computeStack = (site: string): string => `compute-${site}`;

/** Whether it is the stack of a site. */
export const isComputeStack = ({ id }: Pick<Stack, "id">): boolean => id.startsWith(computeStack(""));

/** The site of such a stack. */
export const siteOf = ({ id }: Pick<Stack, "id">): string => id.slice(computeStack("").length);

/** A synthesised stack. */
export interface Stack {
  readonly id: string;
  /** Folder of its Terraform JSON. */
  readonly folder: string;
  /** Stacks that are deployed before it. */
  readonly dependencies: readonly string[];
  /** Those of them whose outputs it reads, so that it can be neither planned nor destroyed without them. */
  readonly reads: readonly string[];
  readonly terraform: TerraformBlock;
}

/** The `terraform` block of a stack. */
export interface TerraformBlock {
  readonly backend?: {
    readonly local?: { readonly path: string };
    readonly s3?: Readonly<Record<string, unknown>>;
  };
  readonly cloud?: {
    readonly hostname: string;
    readonly organization: string;
    readonly workspaces: { readonly name: string; readonly project?: string };
  };
  readonly required_providers?: Readonly<Record<string, unknown>>;
}

/** The parts of a stack's Terraform JSON that are read here. */
interface StackJson {
  readonly terraform: TerraformBlock;
  readonly output?: Readonly<Record<string, { readonly value?: unknown }>>;
  /** By type and name. */
  readonly resource?: Readonly<Record<string, Readonly<Record<string, ResourceJson>>>>;
  readonly data?: { readonly terraform_remote_state?: Readonly<Record<string, unknown>> };
}

interface ResourceJson {
  readonly provisioner?: unknown;
  /** Of a null resource. */
  readonly triggers?: Readonly<Record<string, string>>;
}

/** The stacks that were synthesised into `outdir`, in the order in which they are deployed. */
export function readStacks(outdir: string): readonly Stack[] {
  const stacks = Object.entries(readManifest(outdir).stacks).map(
    ([id, { synthesizedStackPath, workingDirectory, dependencies }]): Stack => {
      const { terraform, data } = readStackJson(join(outdir, synthesizedStackPath));
      const reads = Object.keys(data?.terraform_remote_state ?? {});
      return { id, folder: join(outdir, workingDirectory), dependencies, reads, terraform };
    },
  );
  return inOrder(stacks);
}

/** How ids begin, in the order in which stacks are deployed. */
const order = [controlPlane, activations, computeStack(""), serviceStack(""), jobs];

/** Each stack after all that it can depend on, and otherwise as given. */
export function inOrder<T extends Pick<Stack, "id">>(stacks: readonly T[]): readonly T[] {
  const rank = ({ id }: T) => order.findIndex((beginning) => id.startsWith(beginning));
  return stacks.toSorted((one, other) => rank(one) - rank(other));
}

/**
 * The stacks with these ids, or all when there are none, in the order in which they are deployed.
 *
 * @throws {Refusal} on an id that no stack has.
 */
export function selectStacks(stacks: readonly Stack[], ids: readonly string[]): readonly Stack[] {
  const known = stacks.map(({ id }) => id);
  const unknown = ids.filter((id) => !known.includes(id));
  if (unknown.length > 0) {
    // What the file no longer has can't be destroyed either.
    const isLost = unknown.some((id) => order.some((beginning) => id.startsWith(beginning)));
    const remedy = isLost ? " If it is still deployed, put it back in the file first." : "";
    throw new Refusal(`${unknownName("stack", unknown, known)}${remedy}`);
  }
  return ids.length === 0 ? stacks : stacks.filter(({ id }) => ids.includes(id));
}

/** A stack's Terraform JSON. */
export function readStackJson(file: string): StackJson {
  return JSON.parse(readFileSync(file, "utf8")) as StackJson;
}
