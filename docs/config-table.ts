import { z } from "zod";
import { schemaOf } from "../config/schema";
import { siteKinds } from "../config/sites";

interface Shape {
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: string;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Shape | boolean;
  readonly items?: Shape;
  readonly oneOf?: readonly Shape[];
  readonly anyOf?: readonly Shape[];
}

/** The settings of an environment file as rows of a Markdown table: setting, default, meaning. */
export function configTable(): string[] {
  const shape = z.toJSONSchema(schemaOf(siteKinds), { io: "input", unrepresentable: "any" }) as Shape;
  return settings("", shape, true).map(
    ({ path, shape: { description = "", default: value }, required }) =>
      `| \`${path}\` | ${value !== undefined ? `\`${JSON.stringify(value)}\`` : required ? "required" : ""} | ${description} |`,
  );
}

interface Setting {
  readonly path: string;
  readonly shape: Shape;
  readonly required: boolean;
}

function settings(path: string, shape: Shape, required: boolean): Setting[] {
  const inner = innerSettings(path, shape);
  const groups = shape.properties !== undefined || isOpenObject(shape);
  const own = path !== "" && shape.description !== undefined && (inner.length === 0 || !groups);
  return [...(own ? [{ path, shape, required }] : []), ...inner];
}

function innerSettings(path: string, shape: Shape): Setting[] {
  const { properties = {}, required = [], items, additionalProperties, oneOf, anyOf } = shape;
  const named = Object.entries(properties)
    .filter(([, value]) => value.const === undefined)
    .flatMap(([name, value]) =>
      settings(path === "" ? name : `${path}.${name}`, value, required.includes(name)),
    );
  const open = isOpenObject(shape) ? innerSettings(`${path}.<name>`, additionalProperties as Shape) : [];
  const variants = [...(oneOf ?? []), ...(anyOf ?? [])].flatMap((variant) =>
    innerSettings(path + kindOf(variant), variant),
  );
  return [...named, ...open, ...variants, ...(items === undefined ? [] : innerSettings(`${path}[]`, items))];
}

function isOpenObject({ additionalProperties }: Shape): boolean {
  return typeof additionalProperties === "object";
}

/** What tells a variant from the others: ` (s3)`. */
function kindOf({ properties = {} }: Shape): string {
  const kind = Object.values(properties).find((value) => value.const !== undefined)?.const;
  return kind === undefined ? "" : ` (${kind})`;
}
