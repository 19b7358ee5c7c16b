import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A block as `terraform providers schema -json` publishes it. */
export interface Block {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly block_types?: Readonly<Record<string, NestedBlock>>;
}

export interface Attribute {
  /** A type constraint in its JSON form: `"string"`, `["set", "number"]`. */
  readonly type: unknown;
  readonly required?: boolean;
  readonly optional?: boolean;
  readonly computed?: boolean;
  readonly sensitive?: boolean;
}

export interface NestedBlock {
  readonly nesting_mode: "single" | "list" | "set";
  readonly block: Block;
  readonly min_items?: number;
  readonly max_items?: number;
}

export interface Schema {
  readonly version: number;
  readonly block: Block;
}

/** A provider's published schemas. */
export interface ProviderSchema {
  readonly provider: Schema;
  readonly resource_schemas: Readonly<Record<string, Schema>>;
  readonly data_source_schemas?: Readonly<Record<string, Schema>>;
}

/** Reads the published schemas of null 3.2.4 and digitalocean 2.71.0, by the provider's address. */
export function readSchemas(): Readonly<Record<string, ProviderSchema>> {
  const path = join(__dirname, "..", "schemas", "provider-schemas.json");
  const published = JSON.parse(readFileSync(path, "utf8")) as {
    readonly provider_schemas: Readonly<Record<string, ProviderSchema>>;
  };
  return published.provider_schemas;
}

/** A schema as the plugin protocol sends it. */
export function schemaToWire({ version, block }: Schema): object {
  return { version, block: blockToWire(block) };
}

function blockToWire({ attributes = {}, block_types: blocks = {} }: Block): object {
  return {
    attributes: Object.entries(attributes).map(([name, attribute]) => ({
      name,
      type: Buffer.from(JSON.stringify(attribute.type)),
      required: attribute.required ?? false,
      optional: attribute.optional ?? false,
      computed: attribute.computed ?? false,
      sensitive: attribute.sensitive ?? false,
    })),
    block_types: Object.entries(blocks).map(([type_name, nested]) => ({
      type_name,
      block: blockToWire(nested.block),
      nesting: nested.nesting_mode.toUpperCase(),
      min_items: nested.min_items ?? 0,
      max_items: nested.max_items ?? 0,
    })),
  };
}
