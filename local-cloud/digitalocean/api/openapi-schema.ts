import type { Json, JsonObject } from "../../world";

/** The value, which has to be an object. */
export function asObject(value: Json | undefined): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error("digitalocean-openapi.json: an object was expected");
  }
  return value as JsonObject;
}

/** The value of a reference; any other value unchanged. */
export function dereferenced(document: JsonObject, holder: JsonObject): JsonObject {
  const { $ref: reference } = holder;
  if (typeof reference !== "string") {
    return holder;
  }
  const path = reference.replace("#/", "").split("/");
  const target = path.reduce<Json | undefined>((at, name) => asObject(at)[name], document);
  return dereferenced(document, asObject(target));
}

type Inline = (document: JsonObject, schema: JsonObject) => JsonObject;

/** The schema without references; `inline` transforms each nested schema. */
function inlined(document: JsonObject, schema: JsonObject, inline: Inline): JsonObject {
  const branches = (value: Json): Json =>
    Array.isArray(value) ? value.map((branch: Json) => inlined(document, asObject(branch), inline)) : value;
  const members = (value: Json): JsonObject =>
    Object.fromEntries(
      Object.entries(asObject(value)).map(([name, member]) => [name, inline(document, asObject(member))]),
    );
  const keyword = (name: string, value: Json): Json => {
    switch (name) {
      case "properties":
        return members(value);
      case "items":
        return inline(document, asObject(value));
      case "allOf":
      case "anyOf":
      case "oneOf":
        return branches(value);
      default:
        return value;
    }
  };
  return Object.fromEntries(
    Object.entries(dereferenced(document, schema)).map(([name, value]) => [name, keyword(name, value)]),
  );
}

/** The schema without references. */
export const open: Inline = (document, schema) => inlined(document, schema, open);

/** The published schemas allow any further member; a misspelt one must not pass unnoticed. */
export const closed: Inline = (document, schema) => ({
  ...inlined(document, schema, closed),
  unevaluatedProperties: false,
});

/** The valid query members of a call, from its parameters. */
export function querySchema(document: JsonObject, parameters: Json | undefined): JsonObject {
  const all = Array.isArray(parameters) ? parameters : [];
  const declared = all.map((parameter: Json) => dereferenced(document, asObject(parameter)));
  const inQuery = declared
    .filter((parameter) => parameter.in === "query")
    .map((parameter) => parameter as QueryParameter);
  return {
    type: "object",
    properties: Object.fromEntries(inQuery.map(({ name, schema }) => [name, schema])),
    required: inQuery.filter(({ required }) => required).map(({ name }) => name),
    additionalProperties: false,
  };
}

type QueryParameter = {
  readonly name: string;
  readonly schema: JsonObject;
  readonly required: boolean;
};
