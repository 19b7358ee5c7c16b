import {
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
  return { description, value, sensitive: false, read: (reference) => Token.asString(reference) };
}

/** A list of texts. */
export function texts(description: string, value: readonly string[]): Output<string[]> {
  return { description, value, sensitive: false, read: (reference) => Token.asList(reference) };
}

/** A text or a list of texts for each name that is known at synthesis; a reader gets the texts. */
export function byName(
  description: string,
  value: Readonly<Record<string, string | readonly string[]>>,
): Output<(name: string) => string> {
  return {
    description,
    value,
    sensitive: false,
    read: (reference) => (name) => Token.asString(propertyAccess(reference, [name])),
  };
}

/** One attribute of each instance of a `for_each` resource, by instance key. */
export function perInstance(
  description: string,
  resource: TerraformResource,
  attribute: string,
): Output<(key: string) => string> {
  return {
    description,
    value: instances(resource, propertyAccess(FOR_EXPRESSION_VALUE, [attribute])),
    sensitive: false,
    read: (reference) => (key) => Token.asString(propertyAccess(reference, [key])),
  };
}

/**
 * As {@link perInstance}, for what must never be printed. A reader's Terraform doesn't know that an output
 * was sensitive, and would print it: so it is marked again where it is read.
 */
export function secretPerInstance(
  description: string,
  resource: TerraformResource,
  attribute: string,
): Output<(key: string) => string> {
  const output = perInstance(description, resource, attribute);
  return {
    ...output,
    sensitive: true,
    read: (reference) => (key) => Token.asString(Fn.sensitive(output.read(reference)(key))),
  };
}

/** An object for each instance of a `for_each` resource, by instance key. */
export function objectPerInstance(
  description: string,
  resource: TerraformResource,
  fields: (key: string) => Readonly<Record<string, unknown>>,
): Output<(key: string, field: string) => string> {
  return {
    description,
    value: instances(resource, fields(Token.asString(FOR_EXPRESSION_KEY))),
    sensitive: false,
    read: (reference) => (key, field) => Token.asString(propertyAccess(reference, [key, field])),
  };
}

function instances(resource: TerraformResource, value: unknown): IResolvable {
  return forExpression(resource.fqn, value, FOR_EXPRESSION_KEY);
}
