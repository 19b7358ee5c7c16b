import { decode, encode, ExtData } from "@msgpack/msgpack";

/** A Terraform value. One that isn't known yet is a msgpack extension, with or without refinements. */
export type Value = null | boolean | number | bigint | string | ExtData | readonly Value[] | Obj;
export type Obj = { readonly [name: string]: Value };

/** A value on the wire, in either of its two encodings. */
export interface DynamicValue {
  readonly msgpack?: Uint8Array;
  readonly json?: Uint8Array;
}

export function unknown(): ExtData {
  return new ExtData(0, new Uint8Array(1));
}

export function isUnknown(value: Value | undefined): value is ExtData {
  return value instanceof ExtData;
}

export function isObj(value: Value | undefined): value is Obj {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isUnknown(value);
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

/** A value that is a text by the schema; empty when it isn't set. */
export function text(value: Value | undefined): string {
  return typeof value === "string" ? value : "";
}

/** The members of these names, the words of a text; null for those that it lacks. */
export function picked(values: Obj, names: string): Obj {
  return Object.fromEntries(names.split(" ").map((name) => [name, values[name] ?? null]));
}

/** Reads an object; null when there is none. */
export function fromWire(value: DynamicValue | null | undefined): Obj | null {
  const decoded =
    value?.msgpack !== undefined && value.msgpack.length > 0
      ? (decode(value.msgpack, { useBigInt64: true }) as Value)
      : value?.json !== undefined && value.json.length > 0
        ? (JSON.parse(Buffer.from(value.json).toString("utf8")) as Value)
        : null;
  return isObj(decoded) ? decoded : null;
}

export function toWire(value: Value): { readonly msgpack: Buffer } {
  return { msgpack: Buffer.from(encode(value, { useBigInt64: true })) };
}

/** Whether two values are the same to the old plugin framework: sets have no order, and empty counts as unset. */
export function isSame(one: Value | undefined, other: Value | undefined): boolean {
  return canonical(one ?? null) === canonical(other ?? null);
}

function canonical(value: Value): string {
  if (isUnknown(value)) {
    return "unknown";
  }
  if (isList(value)) {
    return value.length === 0 ? "" : `[${value.map(canonical).sort().join()}]`;
  }
  if (isObj(value)) {
    const members = Object.entries(value).map(([name, member]) => [name, canonical(member)]);
    return JSON.stringify(members.filter(([, member]) => member !== "").sort());
  }
  return value === null || value === "" ? "" : JSON.stringify(String(value));
}
