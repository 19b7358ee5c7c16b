import { z } from "zod";
import { schemaOf } from "../../config/schema";
import { siteKinds } from "../../config/sites";

/** A JSON Schema, as far as environments need it. */
export interface Shape {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly propertyNames?: Shape;
  readonly additionalProperties?: Shape | boolean;
  readonly items?: Shape;
  readonly oneOf?: readonly Shape[];
  readonly anyOf?: readonly Shape[];
}

/** The form of an environment file, as it is written. */
export const environmentShape = (): Shape =>
  z.toJSONSchema(schemaOf(siteKinds), { io: "input", unrepresentable: "any" }) as Shape;

/** The JSON Schema of environment files as editors read it, which takes the `$schema` that names it. */
export function environmentSchema(): object {
  const { properties, ...schema } = environmentShape();
  return {
    ...schema,
    title: "Environment of ECS Anywhere across clouds",
    properties: {
      $schema: { type: "string", description: "Where this schema is, for editors." },
      ...properties,
    },
  };
}
