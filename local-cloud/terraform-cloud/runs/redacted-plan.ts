import { z } from "zod";
import type { Json, JsonObject } from "../../world";

const json = z.custom<Json>();
const change = z.looseObject({
  before: json.default(null),
  // Missing while it isn't known.
  after: json.default(null),
  before_sensitive: json.default(false),
  after_sensitive: json.default(false),
});
const changes = z.array(z.looseObject({ change })).default([]);
const planned = z.object({
  format_version: z.string(),
  resource_changes: changes,
  resource_drift: changes,
  output_changes: z.record(z.string(), change).default({}),
  relevant_attributes: z.array(json).default([]),
});
const described = z.object({ format_version: z.string(), provider_schemas: json.optional() });

/**
 * A plan for those who may see it, but not its secrets: everything that `terraform show` needs to print it.
 * Source: Terraform, internal/command/jsonformat: sensitive values are strings, whatever they were.
 * @param plan as `terraform show -json` prints it
 * @param schemas as `terraform providers schema -json` prints them
 */
export function redactedPlan(plan: string, schemas: string): JsonObject {
  const { format_version, resource_changes, resource_drift, output_changes, relevant_attributes } =
    planned.parse(JSON.parse(plan));
  const { format_version: provider_format_version, provider_schemas = {} } = described.parse(
    JSON.parse(schemas),
  );
  const ofResources = (all: z.output<typeof changes>) =>
    all.map(({ change: one, ...resource }) => ({ ...resource, change: withoutSecrets(one) }));
  return {
    plan_format_version: format_version,
    resource_changes: ofResources(resource_changes),
    resource_drift: ofResources(resource_drift),
    output_changes: Object.fromEntries(
      Object.entries(output_changes).map(([name, one]) => [name, withoutSecrets(one)]),
    ),
    relevant_attributes,
    provider_format_version,
    provider_schemas,
  };
}

function withoutSecrets(one: z.output<typeof change>): JsonObject {
  return {
    ...one,
    before: redact(one.before, one.before_sensitive),
    after: redact(one.after, one.after_sensitive),
  };
}

/** @param sensitive `true` for a sensitive value, or the sensitive parts of one */
function redact(value: Json, sensitive: Json | undefined): Json {
  if (sensitive === true) {
    return value === null ? null : "REDACTED";
  }
  if (typeof value !== "object" || value === null || typeof sensitive !== "object" || sensitive === null) {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map((item: Json, index) => redact(item, (sensitive as readonly Json[])[index]));
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, redact(item, (sensitive as JsonObject)[name])]),
  );
}
