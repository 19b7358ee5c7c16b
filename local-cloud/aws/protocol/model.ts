import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";

import Ajv, { type ErrorObject, type ValidateFunction } from "ajv";
import { quickly } from "../../schemas/compilation";
import type { DataValidationCxt } from "ajv/dist/types";

/** A member of a structure; in a REST protocol it may have a place outside the body. */
export interface Member {
  readonly shape: string;
  readonly location?: string;
  readonly locationName?: string;
}

/** A shape of a service model, as far as it is used. */
export interface Shape {
  readonly type: string;
  readonly members?: Readonly<Record<string, Member>>;
  readonly required?: readonly string[];
  readonly member?: { readonly shape: string };
  readonly key?: { readonly shape: string };
  readonly value?: { readonly shape: string };
  readonly enum?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
}

/** An AWS service model: operations with the names of their input and output shapes. */
export interface ServiceModel {
  readonly operations: Readonly<
    Record<
      string,
      {
        readonly input?: { readonly shape: string };
        readonly output?: { readonly shape: string };
        readonly http?: { readonly method: string; readonly requestUri: string };
      }
    >
  >;
  readonly shapes: Readonly<Record<string, Shape>>;
}

/** Lists the problems of an input or output; none when it is valid. Turns timestamps into `Date`s. */
export type Check = (data: object) => readonly string[];

/** The checks of one service. */
export interface Checks {
  /** @returns undefined when the service has no such operation */
  readonly input: (operation: string) => Check | undefined;
  readonly output: (operation: string) => Check | undefined;
}

/**
 * Reads `<data>/<service>/<version>/service-2.json`, plain or compressed, of the AWS CLI's data.
 * @throws Error when the file is in neither form
 */
export async function readModel(data: string, service: string, version: string): Promise<ServiceModel> {
  const file = join(data, service, version, "service-2.json");
  const text = await readFile(`${file}.gz`).then(promisify(gunzip), () => readFile(file));
  return JSON.parse(text.toString()) as ServiceModel;
}

/** Turns a service model into checks by JSON Schema. */
export function createChecks(model: ServiceModel): Checks {
  const ajv = new Ajv({ ...quickly, allErrors: true });
  ajv.addKeyword({ keyword: "timestamp", modifying: true, schema: false, validate: toDate });
  ajv.addSchema({ $id: "input", $defs: mapValues(model.shapes, toSchema) });
  // AWS itself answers outside the bounds: an unused activation has 0 registrations, of at least 1.
  ajv.addSchema({ $id: "output", $defs: mapValues(mapValues(model.shapes, withoutBounds), toSchema) });
  const compiled = new Map<string, Check>();
  const check = (reference: string): Check => {
    const known = compiled.get(reference);
    if (known !== undefined) {
      return known;
    }
    const made = toCheck(ajv.compile({ $ref: reference }));
    compiled.set(reference, made);
    return made;
  };
  const side = (name: "input" | "output") => (operation: string) => {
    const found = model.operations[operation];
    if (found === undefined) {
      return undefined;
    }
    const shape = found[name]?.shape;
    return shape === undefined ? () => [] : check(`${name}#/$defs/${shape}`);
  };
  return { input: side("input"), output: side("output") };
}

function withoutBounds(shape: Shape): Shape {
  return { ...shape, min: undefined, max: undefined, pattern: undefined };
}

function toCheck(validate: ValidateFunction): Check {
  return (data) => (validate(data) ? [] : (validate.errors ?? []).map(explain));
}

function explain({ instancePath, keyword, message, params }: ErrorObject): string {
  const place = instancePath === "" ? "it" : instancePath.slice(1).replaceAll("/", ".");
  if (keyword === "additionalProperties") {
    return `${place} has an unknown member '${String(params["additionalProperty"])}'`;
  }
  const allowed = keyword === "enum" ? `: [${String(params["allowedValues"])}]` : "";
  return `${place} ${message ?? "is not valid"}${allowed}`;
}

/** Replaces a number of seconds since the epoch with a `Date`. */
function toDate(data: unknown, context?: DataValidationCxt): boolean {
  if (typeof data === "number" && context !== undefined) {
    (context.parentData as Record<string | number, unknown>)[context.parentDataProperty] = new Date(
      data * 1000,
    );
    return true;
  }
  return data instanceof Date;
}

function toSchema(shape: Shape): object {
  switch (shape.type) {
    case "structure":
      return {
        type: "object",
        properties: mapValues(shape.members ?? {}, reference),
        required: shape.required ?? [],
        additionalProperties: false,
      };
    case "list":
      return { type: "array", items: reference(shape.member), ...bounds("Items", shape) };
    case "map":
      return {
        type: "object",
        propertyNames: reference(shape.key),
        additionalProperties: reference(shape.value),
        ...bounds("Properties", shape),
      };
    case "string":
      return { type: "string", ...choice(shape), ...bounds("Length", shape), ...pattern(shape) };
    case "integer":
    case "long":
      return { type: "integer", ...range(shape) };
    case "double":
    case "float":
      return { type: "number", ...range(shape) };
    case "boolean":
      return { type: "boolean" };
    case "blob":
      return { type: "string" };
    case "timestamp":
      return { timestamp: true };
    default:
      throw new Error(`Shape of unknown type '${shape.type}' in a service model`);
  }
}

function reference(member: { readonly shape: string } | undefined): object {
  if (member === undefined) {
    throw new Error("A list or map without an element's shape in a service model");
  }
  return { $ref: `#/$defs/${member.shape}` };
}

function bounds(what: "Items" | "Length" | "Properties", { min, max }: Shape): object {
  return {
    ...(min === undefined ? {} : { [`min${what}`]: min }),
    ...(max === undefined ? {} : { [`max${what}`]: max }),
  };
}

function range({ min, max }: Shape): object {
  return { ...(min === undefined ? {} : { minimum: min }), ...(max === undefined ? {} : { maximum: max }) };
}

function choice(shape: Shape): object {
  return shape.enum === undefined ? {} : { enum: shape.enum };
}

/** Patterns are written for Java and match the whole value; the few that JavaScript can't read are left out. */
function pattern({ pattern: source }: Shape): object {
  if (source === undefined) {
    return {};
  }
  const whole = `^(?:${source})$`;
  try {
    new RegExp(whole, "u");
    return { pattern: whole };
  } catch {
    return {};
  }
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
