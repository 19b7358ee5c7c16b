import { dependable, TerraformIterator, TerraformLocal } from "cdktf";
import type { MapTerraformIterator, TerraformResource } from "cdktf";
import type { Construct } from "constructs";
import { addressOf } from "./expressions";
import { objectWith } from "./plain-local";

/**
 * The `for_each` of resources that exist once per node, site or service, and how these refer to each other: always to
 * the instance of the same key. Their arguments are one local value, so that no block of the stack grows with them.
 */
export class Instances<Field extends string = never> {
  readonly forEach: MapTerraformIterator;
  /** The local value, for expressions over all of them. */
  readonly map: string;

  /**
   * @param values by key, a text or the same fields for each.
   * @param Local `PlainLocal` for values without expressions, of which there may be thousands.
   */
  constructor(
    scope: Construct,
    local: string,
    values: Iterable<readonly [string, string | Readonly<Record<Field, unknown>>]>,
    Local: new (
      scope: Construct,
      id: string,
      values: Readonly<Record<string, unknown>>,
    ) => TerraformLocal = TerraformLocal,
  ) {
    const value = new Local(scope, local, objectWith(values));
    this.map = dependable(value);
    this.forEach = TerraformIterator.fromMap(value.asAnyMap);
  }

  /** Key of the instance at hand. */
  get key(): string {
    return "${each.key}";
  }

  /** The text of the instance at hand. */
  get value(): string {
    return "${each.value}";
  }

  /** A field of the instance at hand. */
  get(field: Field): string {
    return `\${each.value.${field}}`;
  }

  /**
   * An attribute of this instance of another resource. CDKTF's own getters (`resource.id`) render a splat under
   * `for_each`, which Terraform rejects.
   */
  attribute(resource: TerraformResource, name: string): string {
    return `\${${this.reference(resource)}.${name}}`;
  }

  /** This instance of another resource, as `replace_triggered_by` wants it: a bare reference without `${}`. */
  reference(resource: TerraformResource): string {
    return `${addressOf(resource)}[each.key]`;
  }
}
