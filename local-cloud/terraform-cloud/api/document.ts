import { z } from "zod";
import type { Json, JsonObject } from "../../world";
import { ApiError, invalid } from "./api-error";
import type { Answer, Call } from "./route";

/** An object of an answer. Source: JSON:API 1.0, "Resource Objects". */
export interface Resource extends JsonObject {
  readonly id: string;
  readonly type: string;
  readonly attributes: JsonObject;
  readonly relationships: JsonObject;
}

/** A relationship to one object. */
export function toOne(type: string, id: string | undefined): JsonObject {
  return { data: id === undefined ? null : { id, type } };
}

/** A relationship to several objects. */
export function toMany(type: string, ids: Iterable<string>): JsonObject {
  return { data: [...ids].map((id) => ({ id, type })) };
}

/** Answers with one object, and with those that it refers to if they were requested. */
export function one(data: Resource, status = 200, included: readonly Resource[] = []): Answer {
  return { status, json: { data, ...(included.length > 0 && { included }) } };
}

export const nothing: Answer = { status: 204 };

/** Names of the parameters of {@link page}. */
export const paging = ["page[number]", "page[size]"] as const;

/** Answers one page of a list. Source: HCP Terraform API, "Pagination": 20 items, unless up to 100 are asked for. */
export function page({ query }: Call, items: readonly Resource[]): Answer {
  const [number, size] = [numberOf(query, "page[number]", 1), numberOf(query, "page[size]", 20)];
  if (size > 100) {
    throw invalid("page[size] must be at most 100");
  }
  const last = Math.max(1, Math.ceil(items.length / size));
  const pagination = {
    "current-page": number,
    "page-size": size,
    "prev-page": number > 1 ? number - 1 : null,
    "next-page": number < last ? number + 1 : null,
    "total-pages": last,
    "total-count": items.length,
  };
  return {
    status: 200,
    json: { data: items.slice((number - 1) * size, number * size), meta: { pagination } },
  };
}

function numberOf(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name) ?? String(otherwise);
  if (!/^[1-9]\d*$/.test(text)) {
    throw invalid(`${name} must be a number from 1`);
  }
  return Number(text);
}

/** The form of a body that holds one object of a type. Other members are refused. */
export function form<Attributes extends z.ZodType, Relationships extends z.ZodType>(
  type: string,
  attributes: Attributes,
  relationships: Relationships,
) {
  return z.strictObject({
    data: z.strictObject({
      type: z.literal(type),
      id: z.string().optional(),
      attributes,
      relationships: relationships.optional(),
    }),
  });
}

/** For an object that has none in a body. */
export const noRelationships = z.strictObject({});

/** The form of a relationship to one object in a body; optional where there may be none. */
export function related(type: string) {
  return z
    .strictObject({ data: reference(type).nullish() })
    .transform(({ data }) => data?.id)
    .optional();
}

/** The form of a body that names several objects. */
export function references(type: string) {
  return z.strictObject({ data: z.array(reference(type)) }).transform(({ data }) => data.map(({ id }) => id));
}

/** Go's client sends a reference with the attributes of the whole object. */
function reference(type: string) {
  return z.object({ type: z.literal(type), id: z.string() });
}

/** Reads a call's body. @throws ApiError 400 when it isn't JSON, 422 when it doesn't have this form */
export function read<Form extends z.ZodType>(form: Form, json: Json | undefined): z.output<Form> {
  if (json === undefined) {
    throw new ApiError(400, "bad request", "The body must be JSON.");
  }
  const { success, data, error } = form.safeParse(json);
  if (!success) {
    throw invalid(error.issues.map(({ path, message }) => `${path.join("/")}: ${message}`).join("; "));
  }
  return data;
}
