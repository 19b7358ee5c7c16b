import {
  dependable,
  Fn,
  FOR_EXPRESSION_KEY,
  FOR_EXPRESSION_VALUE,
  forExpression,
  propertyAccess,
  TerraformOutput,
  Token,
  type IResolvable,
  type TerraformResource,
} from "cdktf";
import { Construct } from "constructs";
import type { ProjectStack } from "./project-stack";

/** One output: what the producer writes, and what a reader makes of a reference to it. */
export interface Output<T> {
  readonly description: string;
  readonly value: unknown;
  readonly sensitive: boolean;
  readonly read: (reference: IResolvable) => T;
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

  /** The outputs as tokens of `reader`, read from the producer's state. */
  readBy(reader: ProjectStack): T {
    const state = reader.stateOf(this.producer);
    const tokens = this.entries().map(([name, output]) => [name, output.read(state.get(name))]);
    return Object.fromEntries(tokens) as T;
  }

  private entries(): [string, Output<unknown>][] {
    return Object.entries<Output<unknown>>(this.outputs);
  }
}

/** A text, or anything that Terraform turns into one. */
export function text(description: string, value: string | IResolvable): Output<string> {
  return output(description, value, (reference) => Token.asString(reference));
}

/** A list of texts. */
export function texts(description: string, value: readonly string[]): Output<string[]> {
  return output(description, value, (reference) => Token.asList(reference));
}

/** A text or a list of texts for each name that is known at synthesis; a reader gets the texts. */
export function byName(
  description: string,
  value: Readonly<Record<string, string | readonly string[]>>,
): Output<(name: string) => string> {
  return output(description, value, partOf);
}

/** One attribute of each instance of a `for_each` resource, by instance key. */
export function perInstance(
  description: string,
  resource: TerraformResource,
  attribute: string,
): Output<(key: string) => string> {
  const value = propertyAccess(FOR_EXPRESSION_VALUE, [attribute]);
  return output(description, instances(resource, value), partOf);
}

/**
 * As {@link perInstance}, for values that must never be printed. A reader's Terraform doesn't know that an output was
 * sensitive, and would print it: so it is marked again where it is read.
 */
export function secretPerInstance(...of: Parameters<typeof perInstance>): Output<(key: string) => string> {
  const read = (reference: IResolvable) => (key: string) =>
    Token.asString(Fn.sensitive(partOf(reference)(key)));
  return { ...perInstance(...of), sensitive: true, read };
}

/** An object for each instance of a `for_each` resource, by instance key. */
export function objectPerInstance(
  description: string,
  resource: TerraformResource,
  fields: (key: string) => Readonly<Record<string, unknown>>,
): Output<(key: string, field: string) => string> {
  const value = fields(Token.asString(FOR_EXPRESSION_KEY));
  return output(description, instances(resource, value), partOf);
}

/**
 * An empty text that Terraform writes once the instances of a resource have been made, and the text from before where
 * they fail. What is known when an apply begins it would write then, whatever the output depends on.
 */
export function emptyOnceMade(resource: TerraformResource): string {
  return `\${substr(join("", values(${dependable(resource)})[*].id), 0, 0)}`;
}

function output<T>(description: string, value: unknown, read: Output<T>["read"]): Output<T> {
  return { description, value, sensitive: false, read };
}

/** The value at a path of keys and fields within an output. */
const partOf =
  (reference: IResolvable) =>
  (...path: readonly string[]): string =>
    Token.asString(propertyAccess(reference, [...path]));

function instances(resource: TerraformResource, value: unknown): IResolvable {
  return forExpression(resource.fqn, value, FOR_EXPRESSION_KEY);
}
