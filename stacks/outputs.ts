import { TerraformOutput, Token, type IResolvable, type TerraformResource } from "cdktf";
import { Construct } from "constructs";
import { addressOf, objectOf, partOf } from "../constructs/expressions";
import type { ProjectStack } from "./project-stack";

/** One output: what the producer writes, and what a reader makes of an expression for it. */
export interface Output<T> {
  readonly description: string;
  readonly value: unknown;
  readonly sensitive: boolean;
  readonly read: (expression: string) => T;
}

/** The named outputs of a stack, declared once, with the types in which other stacks read them. */
export class StackOutputs<T extends object> {
  constructor(
    private readonly producer: ProjectStack,
    private readonly outputs: { readonly [Name in keyof T]: Output<T[Name]> },
  ) {
    const scope = new Construct(producer, "outputs");
    for (const [name, { value, description, sensitive }] of this.entries()) {
      new TerraformOutput(scope, name, { value, description, sensitive });
    }
  }

  /** The outputs as expressions of `reader`, read from the producer's state. */
  readBy(reader: ProjectStack): T {
    const { friendlyUniqueId } = reader.stateOf(this.producer);
    const outputs = `data.terraform_remote_state.${friendlyUniqueId}.outputs`;
    const read = this.entries().map(([name, output]) => [name, output.read(`${outputs}.${name}`)]);
    return Object.fromEntries(read) as T;
  }

  private entries(): [string, Output<unknown>][] {
    return Object.entries<Output<unknown>>(this.outputs);
  }
}

/** A text, or anything that Terraform turns into one. */
export function text(description: string, value: string | IResolvable): Output<string> {
  return output(description, value, inBraces);
}

/** A list of texts. */
export function texts(description: string, value: readonly string[]): Output<string[]> {
  return output(description, value, (expression) => Token.asList(inBraces(expression)));
}

/** A text or a list of texts for each name that is known at synthesis; a reader gets the texts. */
export function byName(
  description: string,
  value: Readonly<Record<string, string | readonly string[]>>,
): Output<(name: string) => string> {
  return output(description, value, partIn);
}

/** One attribute of each instance of a `for_each` resource, by instance key. */
export function perInstance(
  description: string,
  resource: TerraformResource,
  attribute: string,
): Output<(key: string) => string> {
  return output(description, instances(resource, `${instance}.${attribute}`), partIn);
}

/**
 * As {@link perInstance}, for values that must never be printed. A reader's Terraform doesn't know that an output was
 * sensitive, and would print it: so it is marked again where it is read.
 */
export function secretPerInstance(...of: Parameters<typeof perInstance>): Output<(key: string) => string> {
  const read = (expression: string) => (key: string) => inBraces(`sensitive(${partOf(expression, key)})`);
  return { ...perInstance(...of), sensitive: true, read };
}

/**
 * An object for each instance of a `for_each` resource, by instance key.
 * @param fields texts, for expressions that stand for a key and its instance
 */
export function objectPerInstance(
  description: string,
  resource: TerraformResource,
  fields: (key: string, instance: string) => Readonly<Record<string, string>>,
): Output<(key: string, field: string) => string> {
  return output(description, instances(resource, objectOf(fields(key, instance))), partIn);
}

/**
 * An empty text that Terraform writes once the instances of a resource have been made, and the text from before where
 * they fail. Terraform would write a value that is known at the start of an apply at once, whatever the output depends
 * on.
 */
export function emptyOnceMade(resource: TerraformResource): string {
  return `\${substr(join("", values(${addressOf(resource)})[*].id), 0, 0)}`;
}

function output<T>(description: string, value: unknown, read: Output<T>["read"]): Output<T> {
  return { description, value, sensitive: false, read };
}

/** The value at a path of keys and fields within an output. */
const partIn =
  (expression: string) =>
  (...path: readonly string[]): string =>
    inBraces(path.reduce(partOf, expression));

const inBraces = (expression: string): string => `\${${expression}}`;

/** Names of an instance's key and of itself, in an expression for all instances. */
const [key, instance] = ["key", "val"];

function instances(resource: TerraformResource, value: string): string {
  return inBraces(`{ for ${key}, ${instance} in ${addressOf(resource)}: ${key} => ${value} }`);
}
