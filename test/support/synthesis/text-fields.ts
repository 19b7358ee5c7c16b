import { environmentShape, type Shape } from "../../../docs/generate/environment-schema";

/** A place in an environment where its writer chooses the text: a value, or the name of a record's member. */
export interface TextField {
  /** As in `sites.<name> (digitalocean).nodes.<name>.attributes`; a member's name is `….<name>`, its value `….*`. */
  readonly setting: string;
  readonly path: readonly PropertyKey[];
  readonly isName: boolean;
}

const root = environmentShape();

/** The settings that take a text, of every variant, in the notation of {@link TextField}. */
export function textSettings(shape: Shape = root, setting = ""): string[] {
  const { properties = {}, items, propertyNames } = shape;
  return [
    ...(isText(shape) ? [setting] : []),
    ...(propertyNames === undefined ? [] : [`${setting}.<name>`]),
    ...(isRecord(shape) ? textSettings(shape.additionalProperties as Shape, `${setting}.*`) : []),
    ...Object.entries(properties).flatMap(([name, inner]) => textSettings(inner, join(setting, name))),
    ...(items === undefined ? [] : textSettings(items, `${setting}[]`)),
    ...variantsOf(shape).flatMap((variant) => textSettings(variant, setting + labelOf(variant))),
  ];
}

/** The fields that an environment fills. */
export function textFields(
  value: unknown,
  shape: Shape = root,
  setting = "",
  path: PropertyKey[] = [],
): TextField[] {
  const variants = variantsOf(shape);
  if (variants.length > 0) {
    const variant = variants.find((candidate) => fits(value, candidate));
    return variant === undefined ? [] : textFields(value, variant, setting + labelOf(variant), path);
  }
  if (isText(shape)) {
    return [{ setting, path, isName: false }];
  }
  if (Array.isArray(value)) {
    return value.flatMap((item, index) =>
      textFields(item, shape.items ?? {}, `${setting}[]`, [...path, index]),
    );
  }
  if (typeof value !== "object" || value === null) {
    return [];
  }
  return Object.entries(value).flatMap(([name, inner]) => {
    const at = [...path, name];
    return isRecord(shape)
      ? [
          { setting: `${setting}.<name>`, path: at, isName: true },
          ...textFields(inner, shape.additionalProperties as Shape, `${setting}.*`, at),
        ]
      : textFields(inner, shape.properties?.[name] ?? {}, join(setting, name), at);
  });
}

/** The content of a field. */
export function textAt(environment: unknown, { path, isName }: TextField): string {
  const value = path.reduce<unknown>(
    (at, name) => (at as Readonly<Record<PropertyKey, unknown>>)[name],
    environment,
  );
  return String(isName ? path.at(-1) : value);
}

/** The same environment with another text in a field. */
export function withText<T>(environment: T, { path, isName }: TextField, text: string): T {
  const change = (at: unknown, [name, ...rest]: readonly PropertyKey[]): unknown => {
    if (name === undefined) {
      return text;
    }
    if (Array.isArray(at)) {
      return at.map((item: unknown, index) => (index === name ? change(item, rest) : item));
    }
    return Object.fromEntries(
      Object.entries(at as object).map(([key, inner]: [string, unknown]) => {
        if (key !== name) {
          return [key, inner];
        }
        return isName && rest.length === 0 ? [text, inner] : [key, change(inner, rest)];
      }),
    );
  };
  return change(environment, path) as T;
}

function isText({ type, const: constant, enum: choices }: Shape): boolean {
  return type === "string" && constant === undefined && choices === undefined;
}

function isRecord({ additionalProperties }: Shape): boolean {
  return typeof additionalProperties === "object";
}

function variantsOf({ oneOf = [], anyOf = [] }: Shape): Shape[] {
  return [...oneOf, ...anyOf];
}

/** The mark of a variant: ` (s3)`, ` (domains)`. */
function labelOf({ properties }: Shape): string {
  const [first] = Object.entries(properties ?? {});
  return first === undefined ? "" : ` (${first[1].const ?? first[0]})`;
}

function fits(value: unknown, { type, const: constant, properties }: Shape): boolean {
  if (constant !== undefined) {
    return value === constant;
  }
  if (type !== "object" || properties === undefined) {
    return typeof value === (type === "object" || type === "string" ? type : "number");
  }
  return (
    typeof value === "object" &&
    value !== null &&
    Object.entries(value).every(([name, inner]) => {
      const fixed = properties[name]?.const;
      return name in properties && (fixed === undefined || fixed === inner);
    })
  );
}

function join(setting: string, name: string): string {
  return setting === "" ? name : `${setting}.${name}`;
}
