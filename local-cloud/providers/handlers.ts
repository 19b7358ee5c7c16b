import { complete, merge, plan } from "./planning";
import { PartialError, type Provider, type ResourceType } from "./resource-type";
import { schemaToWire, type Block, type ProviderSchema, type Schema } from "./schema";
import { fromWire, toWire, type DynamicValue, type Obj } from "./value";

/** The members of the protocol's requests that matter here. */
export interface Request {
  readonly type_name: string;
  readonly id: string;
  readonly config?: DynamicValue;
  readonly current_state?: DynamicValue;
  readonly prior_state?: DynamicValue;
  readonly proposed_new_state?: DynamicValue;
  readonly planned_state?: DynamicValue;
  readonly raw_state?: { readonly json: Buffer };
  readonly private?: Buffer;
  readonly prior_private?: Buffer;
  readonly planned_private?: Buffer;
}

export type Handlers = Readonly<Record<string, (request: Request) => object | Promise<object>>>;

/**
 * Answers Terraform's plugin protocol, version 6, for one provider.
 * Source: github.com/hashicorp/terraform, docs/plugin-protocol/tfplugin6.proto.
 * Errors are diagnostics. Like the real providers it uses the legacy type system, which allows defaults.
 */
export function createHandlers(
  { resources, dataSources = {}, configure }: Provider,
  schemas: ProviderSchema,
): Handlers {
  const { data_source_schemas: dataSchemas = {} } = schemas;
  const served = (all: Readonly<Record<string, Schema>>, types: object): object =>
    Object.fromEntries(
      Object.entries(all)
        .filter(([name]) => name in types)
        .map(([name, schema]) => [name, schemaToWire(schema)]),
    );
  const find = (name: string): { type: ResourceType; block: Block } => {
    const [type, schema] = [resources[name], schemas.resource_schemas[name]];
    if (type === undefined || schema === undefined) {
      throw new Error(`The stand-in provider has no resource type ${name}.`);
    }
    return { type, block: schema.block };
  };
  return {
    GetProviderSchema: () => ({
      provider: schemaToWire(schemas.provider),
      resource_schemas: served(schemas.resource_schemas, resources),
      data_source_schemas: served(dataSchemas, dataSources),
      server_capabilities: { get_provider_schema_optional: true },
    }),
    ValidateProviderConfig: () => ({}),
    ConfigureProvider: ({ config }) => {
      configure?.(fromWire(config) ?? {});
      return {};
    },
    ValidateResourceConfig: () => ({}),
    ValidateDataResourceConfig: () => ({}),
    // The schemas' versions never change here, so the stored state goes back as it is.
    UpgradeResourceState: ({ raw_state: state }) => ({ upgraded_state: { json: state?.json } }),
    ReadResource: async ({ type_name: name, current_state: current, private: data }) => {
      const { type, block } = find(name);
      const state = fromWire(current);
      const found = state === null ? null : await type.read(state);
      const next = state === null || found === null ? null : complete(block, merge(state, found));
      return { new_state: toWire(next), private: data };
    },
    PlanResourceChange: (request) => {
      const { type, block } = find(request.type_name);
      const proposed = fromWire(request.proposed_new_state);
      if (proposed === null) {
        return { planned_state: request.proposed_new_state, planned_private: request.prior_private };
      }
      const { planned, replacing } = plan(block, type, proposed, fromWire(request.prior_state));
      type.check?.(planned);
      return {
        planned_state: toWire(planned),
        planned_private: request.prior_private,
        requires_replace: replacing.map((attribute_name) => ({ steps: [{ attribute_name }] })),
        legacy_type_system: true,
      };
    },
    ApplyResourceChange: async (request) => {
      const { type, block } = find(request.type_name);
      const prior = fromWire(request.prior_state);
      const planned = fromWire(request.planned_state);
      const rest = { private: request.planned_private, legacy_type_system: true };
      const made = (values: Obj): object =>
        toWire(planned === null ? null : complete(block, merge(complete(block, planned), values)));
      try {
        if (planned === null) {
          await (prior && type.remove(prior));
          return { new_state: toWire(null), ...rest };
        }
        const wanted = { ...planned, ...configured(type, fromWire(request.config), prior, planned) };
        const values = prior === null ? await type.create(wanted) : await update(type, wanted, prior);
        return { new_state: made(values), ...rest };
      } catch (error) {
        // After a failed creation nothing is kept, or the partial resource; after other failures the resource is as it
        // was.
        const kept = error instanceof PartialError ? made(error.state) : request.prior_state;
        return { new_state: kept, ...rest, ...failed(error) };
      }
    },
    ReadDataSource: async ({ type_name: name, config }) => {
      const [read, schema] = [dataSources[name], dataSchemas[name]];
      if (read === undefined || schema === undefined) {
        throw new Error(`The stand-in provider has no data source ${name}.`);
      }
      const configuration = fromWire(config) ?? {};
      return { state: toWire(complete(schema.block, merge(configuration, await read(configuration)))) };
    },
    ImportResourceState: ({ type_name: name, id }) => ({
      imported_resources: [{ type_name: name, state: toWire(complete(find(name).block, { id })) }],
    }),
    StopProvider: () => ({}),
  };
}

/** An error as the protocol's diagnostics. */
export function failed(error: unknown): object {
  const summary = error instanceof Error ? error.message : String(error);
  return { diagnostics: [{ severity: "ERROR", summary }] };
}

function update(type: ResourceType, wanted: Obj, prior: Obj): Promise<Obj> {
  if (type.update === undefined) {
    throw new Error("This resource can't be updated in place.");
  }
  return type.update(wanted, prior);
}

/** A creation needs the configured texts, of which the plan has only the stored form. */
function configured({ stored = {} }: ResourceType, config: Obj | null, prior: Obj | null, planned: Obj): Obj {
  const names = prior === null ? Object.keys(stored) : [];
  return Object.fromEntries(names.map((name) => [name, config?.[name] ?? planned[name] ?? null]));
}
