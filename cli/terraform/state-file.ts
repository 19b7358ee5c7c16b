import type { Secret } from "./redaction";
import { Refusal } from "../refusals/refusal";

/** A resource that a state holds. */
export interface Resource {
  readonly address: string;
  readonly type: string;
  readonly name: string;
  /** Its key under `for_each`; undefined when there is only one. */
  readonly key: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A state's contents. */
export interface State {
  /** Distinguishes it from every state that isn't a copy of it; undefined when there is none. */
  readonly lineage: string | undefined;
  /** How many resources, with those that are only left to be deleted. */
  readonly resources: number;
  readonly managed: readonly Resource[];
  /** The outputs of the last apply. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Secrets that Terraform must not print. */
  readonly secrets: readonly Secret[];
}

// Terraform's state format 4, the only one since version 0.12.
interface StateFile {
  readonly version: number;
  readonly lineage: string;
  readonly resources?: readonly ResourceBlock[];
  readonly outputs?: Readonly<Record<string, { readonly value: unknown; readonly sensitive?: boolean }>>;
}

interface ResourceBlock {
  readonly mode: string;
  readonly type: string;
  readonly name: string;
  readonly instances: readonly {
    readonly index_key?: string | number;
    readonly attributes?: Readonly<Record<string, unknown>> | null;
  }[];
}

/** Attributes, at any depth, that are secret though their providers don't say so, with what is shown in their place. */
const secretAttributes: Readonly<Record<string, string>> = { activation_code: "(activation code)" };

/** @param text the output of `terraform state pull`. */
export function parseState(text: string): State {
  if (text.trim() === "") {
    return { lineage: undefined, resources: 0, managed: [], outputs: {}, secrets: [] };
  }
  const { version, lineage, resources: blocks = [], outputs = {} } = JSON.parse(text) as StateFile;
  if (version !== 4) {
    throw new Refusal(`The state has format ${version}; only format 4 is known: use an older Terraform.`);
  }
  const managed = blocks.filter(({ mode }) => mode === "managed").flatMap(resourcesOf);
  const secrets = [
    ...managed.flatMap(({ attributes }) => secretsOf(attributes)),
    ...Object.entries(outputs).flatMap(([name, { value, sensitive }]) =>
      sensitive === true ? named(value, `(${name})`) : [],
    ),
  ];
  return {
    // For a bucket without the state, Terraform prints an empty one that has none.
    lineage: lineage === "" ? undefined : lineage,
    resources: managed.length,
    managed,
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value])),
    secrets: secrets.filter(({ text }, index) => secrets.findIndex((one) => one.text === text) === index),
  };
}

function resourcesOf({ type, name, instances }: ResourceBlock): Resource[] {
  return instances.map(({ index_key: key, attributes }) => ({
    address: key === undefined ? `${type}.${name}` : `${type}.${name}[${JSON.stringify(key)}]`,
    type,
    name,
    key: key === undefined ? undefined : String(key),
    attributes: attributes ?? {},
  }));
}

function secretsOf(attributes: unknown): Secret[] {
  return typeof attributes === "object" && attributes !== null
    ? Object.entries(attributes).flatMap(([attribute, value]: [string, unknown]) => {
        const name = secretAttributes[attribute];
        return name === undefined ? secretsOf(value) : named(value, name);
      })
    : [];
}

/** Shorter texts aren't secrets, and would occur in every other line. */
const shortest = 6;

/** The texts of a value, whatever its form. */
function named(value: unknown, name: string): Secret[] {
  if (typeof value === "string") {
    // Terraform shows a text of several lines line by line.
    const lines = value.split("\n").map((line) => line.trim());
    return lines.filter(({ length }) => length >= shortest).map((text) => ({ text, name }));
  }
  return typeof value === "object" && value !== null
    ? Object.values(value).flatMap((part: unknown) => named(part, name))
    : [];
}
