import { environmentShape, type Shape } from "./environment-schema";

/** A setting of environment files. */
export interface Setting {
  /** As in `services.<name>.http.port`; behind what comes in kinds stands the kind, as in `backend (s3).bucket`. */
  readonly path: string;
  /** `undefined` when it has none. */
  readonly default: unknown;
  readonly required: boolean;
  readonly meaning: string;
}

/** Every setting, in the order of the schema. */
export function settings(): Setting[] {
  return settingsAt("", environmentShape(), true);
}

function settingsAt(path: string, shape: Shape, required: boolean): Setting[] {
  const inner = innerSettings(path, shape);
  const groups = shape.properties !== undefined || isOpenObject(shape);
  const own = path !== "" && shape.description !== undefined && (inner.length === 0 || !groups);
  return [...(own ? [setting(path, shape, required)] : []), ...inner];
}

function setting(path: string, shape: Shape, required: boolean): Setting {
  return {
    path,
    default: shape.default,
    required: required && shape.default === undefined,
    meaning: [shape.description, ...choice(shape)].join(" "),
  };
}

/** The values that there are, where the description doesn't explain them. */
function choice({ enum: values = [], description = "" }: Shape): string[] {
  const shown = values.map((value) => `\`${JSON.stringify(value)}\``);
  return shown.length === 0 || shown.every((value) => description.includes(value))
    ? []
    : [`One of ${shown.join(", ")}.`];
}

function innerSettings(path: string, shape: Shape): Setting[] {
  const { properties = {}, required = [], items, additionalProperties, oneOf = [], anyOf = [] } = shape;
  const named = Object.entries(properties)
    .filter(([, value]) => value.const === undefined)
    .flatMap(([name, value]) =>
      settingsAt(path === "" ? name : `${path}.${name}`, value, required.includes(name)),
    );
  const open = isOpenObject(shape) ? innerSettings(`${path}.<name>`, additionalProperties as Shape) : [];
  const variants = [...oneOf, ...anyOf].flatMap((variant) => innerSettings(path + kindOf(variant), variant));
  return [
    ...named,
    ...open,
    ...discriminator(path, oneOf),
    ...variants,
    ...(items === undefined ? [] : innerSettings(`${path}[]`, items)),
  ];
}

/** The setting that tells kinds apart, such as `backend.kind`. */
function discriminator(path: string, kinds: readonly Shape[]): Setting[] {
  const names = new Set(
    kinds.flatMap(({ properties = {} }) =>
      Object.keys(properties).filter((name) => properties[name]?.const !== undefined),
    ),
  );
  return [...names].map((name) => ({
    path: `${path}.${name}`,
    default: undefined,
    required: true,
    meaning: kinds
      .flatMap(({ properties = {} }) => properties[name] ?? [])
      .map(({ const: value, description = "" }) => `\`${JSON.stringify(value)}\`: ${description}`)
      .join("; ")
      .concat("."),
  }));
}

function isOpenObject({ additionalProperties }: Shape): boolean {
  return typeof additionalProperties === "object";
}

/** Distinguishes a variant from the others: ` (s3)`. */
function kindOf({ properties = {} }: Shape): string {
  const kind = Object.values(properties).find((value) => value.const !== undefined)?.const;
  return kind === undefined ? "" : ` (${kind})`;
}
