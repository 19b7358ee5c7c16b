import { z } from "zod";
import { schemaOf } from "../../config/schema";
import { siteKinds } from "../../config/sites";

/** The JSON Schema of environment files as editors read it, which takes the `$schema` that names it. */
export function environmentSchema(): object {
  const { properties, ...schema } = z.toJSONSchema(schemaOf(siteKinds), {
    io: "input",
    unrepresentable: "any",
  });
  return {
    ...schema,
    title: "Environment of ECS Anywhere across clouds",
    properties: {
      $schema: { type: "string", description: "Where this schema is, for editors." },
      ...properties,
    },
  };
}
