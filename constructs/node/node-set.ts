import { dependable, propertyAccess, TerraformIterator, TerraformLocal, Token } from "cdktf";
import type { MapTerraformIterator, TerraformResource } from "cdktf";
import { Construct } from "constructs";

/**
 * Nodes as the `for_each` of every resource that exists once per node, and how such resources refer to
 * each other: always to the instance of the same node. The nodes are one local value, so that no block
 * of the stack grows with them.
 */
export class NodeSet<Field extends string> extends Construct {
  readonly forEach: MapTerraformIterator;
  /** The local value, for expressions over all nodes. */
  readonly map: string;

  /** @param nodes The same texts for each node, by node. */
  constructor(scope: Construct, id: string, nodes: ReadonlyMap<string, Readonly<Record<Field, string>>>) {
    super(scope, id);
    const local = new TerraformLocal(this, "nodes", Object.fromEntries(nodes));
    this.map = dependable(local);
    this.forEach = TerraformIterator.fromMap(local.asAnyMap);
  }

  /** Key of the node at hand. */
  get key(): string {
    return this.forEach.key;
  }

  /** A value of the node at hand. */
  get(field: Field): string {
    return this.forEach.getString(field);
  }

  /**
   * An attribute of this node's instance of another resource. CDKTF's own getters (`resource.id`)
   * render a splat under `for_each`, which Terraform rejects.
   */
  attribute(resource: TerraformResource, ...path: readonly string[]): string {
    return Token.asString(propertyAccess(resource, [this.key, ...path]));
  }

  /** This node's instance of another resource, as `replace_triggered_by` wants it: a bare reference without `${}`. */
  reference(resource: TerraformResource): string {
    return `${dependable(resource)}[each.key]`;
  }
}
