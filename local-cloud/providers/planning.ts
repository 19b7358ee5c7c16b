import type { ResourceType } from "./resource-type";
import type { Block, NestedBlock } from "./schema";
import { isList, isObj, isSame, isUnknown, unknown, type Obj, type Value } from "./value";

/** A planned change. */
export interface Plan {
  readonly planned: Obj;
  /** Names of the attributes that force a replacement. */
  readonly replacing: readonly string[];
}

/** Plans a resource the way the provider framework of the real providers does. */
export function plan(block: Block, type: ResourceType, proposed: Obj, prior: Obj | null): Plan {
  const { defaults = {}, blockDefaults = {}, computedBlocks = [], stored = {} } = type;
  const wanted = Object.fromEntries(
    Object.entries(proposed).map(([name, value]) => [name, hashed(stored[name], value, prior?.[name])]),
  );
  const attributes = planAttributes(block, wanted, defaults, prior);
  const blocks = Object.entries(block.block_types ?? {}).map(([name, nested]): [string, Value] => {
    const value = wanted[name] ?? null;
    const kept = prior?.[name] ?? null;
    if (isSame(value, null) && computedBlocks.includes(name)) {
      return [name, kept];
    }
    const known = isList(kept) ? kept.filter(isObj) : [];
    const ownDefaults = blockDefaults[name] ?? {};
    const complete = (item: Obj): Obj =>
      planAttributes(nested.block, item, ownDefaults, continued(nested.block, item, ownDefaults, known));
    return [name, mapNested(nested, value, complete)];
  });
  const planned: Obj = { ...wanted, ...attributes, ...Object.fromEntries(blocks) };
  if (prior === null) {
    return { planned, replacing: [] };
  }
  const isChanged = Object.keys(planned).some(
    (name) => name !== "timeouts" && !isSame(planned[name], prior[name]),
  );
  // Different time-outs alone are no change: the state takes them over with the next one.
  const { timeouts = null } = isChanged ? planned : prior;
  return {
    planned: { ...planned, ...("timeouts" in planned && { timeouts }) },
    replacing: replacing(type, planned, prior),
  };
}

function replacing({ forceNew = [], forceNewIf = {} }: ResourceType, planned: Obj, prior: Obj): string[] {
  return [
    ...forceNew.filter((name) => !isSame(planned[name], prior[name])),
    ...Object.keys(forceNewIf).filter((name) =>
      forceNewIf[name]?.(planned[name] ?? null, prior[name] ?? null),
    ),
  ];
}

function hashed(
  store: ((text: string) => string) | undefined,
  value: Value,
  prior: Value | undefined,
): Value {
  // An ignored change comes back as the prior value, which is hashed already.
  return store === undefined || typeof value !== "string" || value === prior ? value : store(value);
}

/**
 * Plans attributes: an unset one gets its default or, where the provider decides, keeps its value, which is unknown for
 * a new object.
 */
function planAttributes({ attributes = {} }: Block, proposed: Obj, defaults: Obj, prior: Obj | null): Obj {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { computed }]) => {
      const value = proposed[name] ?? defaults[name] ?? null;
      const isOpen = value === null && computed === true;
      return [name, !isOpen ? value : prior === null ? unknown() : (prior[name] ?? null)];
    }),
  );
}

/** The object of a nested block that the proposed one continues: equal in everything that is set. */
function continued(
  { attributes = {} }: Block,
  proposed: Obj,
  defaults: Obj,
  known: readonly Obj[],
): Obj | null {
  const fits = (item: Obj): boolean =>
    Object.entries(attributes).every(([name, { computed }]) => {
      const value = proposed[name] ?? defaults[name] ?? null;
      return (value === null && computed === true) || isSame(value, item[name]);
    });
  return known.find(fits) ?? null;
}

/** Applies to each object of a nested block, whatever its nesting. */
function mapNested({ nesting_mode: nesting }: NestedBlock, value: Value, change: (item: Obj) => Obj): Value {
  const each = (item: Value): Value => (isObj(item) ? change(item) : item);
  return nesting === "single" ? each(value) : isList(value) ? value.map(each) : value;
}

/** The value with every member that the schema has: unset ones null, absent blocks empty, nothing unknown. */
export function complete({ attributes = {}, block_types: blocks = {} }: Block, partial: Obj): Obj {
  const extra = Object.keys(partial).find((name) => !(name in attributes) && !(name in blocks));
  if (extra !== undefined) {
    throw new Error(`a value has the member ${extra}, which its schema lacks`);
  }
  const settled = (value: Value | undefined): Value =>
    value === undefined || isUnknown(value) ? null : value;
  return {
    ...Object.fromEntries(Object.keys(attributes).map((name) => [name, settled(partial[name])])),
    ...Object.fromEntries(
      Object.entries(blocks).map(([name, nested]) => {
        const value = settled(partial[name]) ?? (nested.nesting_mode === "single" ? null : []);
        return [name, mapNested(nested, value, (item) => complete(nested.block, item))];
      }),
    ),
  };
}

/** The new values over the old ones, except where an old one means the same. */
export function merge(old: Obj, current: Obj): Obj {
  const changed = Object.entries(current).filter(([name, value]) => !isSame(old[name], value));
  return { ...old, ...Object.fromEntries(changed) };
}
