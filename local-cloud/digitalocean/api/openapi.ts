import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2019, type ValidateFunction } from "ajv/dist/2019";
import { quickly } from "../../schemas/compilation";
import type { Json, JsonObject } from "../../world";
import { asObject, closed, dereferenced, open, querySchema } from "./openapi-schema";

/** A call that the published API describes. */
export interface Operation {
  /** Method and path template: `GET /v2/droplets/{droplet_id}`. */
  readonly name: string;
  /** Values of the path's parameters, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Status of its success. */
  readonly status: number;
  /** The problem with the query's members, if there is one; converts numeric members to numbers. */
  queryProblem(query: Record<string, Json>): string | undefined;
  /** The problem with the body, if there is one; a member that the API doesn't publish is a problem. */
  bodyProblem(body: Json | undefined): string | undefined;
  /** The problem with a successful answer, if there is one. */
  answerProblem(answer: Json | undefined): string | undefined;
}

/** Finds the operation of a request, or undefined for an unknown path or method. */
export type FindOperation = (method: string, path: string) => Operation | undefined;

/** Reads DigitalOcean's published OpenAPI description. Source: github.com/digitalocean/openapi. */
export function readOpenApi(): FindOperation {
  const document = JSON.parse(
    readFileSync(join(__dirname, "..", "..", "schemas", "digitalocean-openapi.json"), "utf8"),
  ) as JsonObject;
  const options = { ...quickly, strict: false, unicodeRegExp: false, validateFormats: false };
  const problem = compiling(new Ajv2019(options));
  const queryProblem = compiling(new Ajv2019({ ...options, coerceTypes: true }));
  const member = (value: Json | undefined, ...path: readonly string[]): Json | undefined =>
    path.reduce<Json | undefined>(
      (at, name) => (at === undefined ? undefined : dereferenced(document, asObject(at))[name]),
      value,
    );
  const contentSchema = (holder: Json | undefined): JsonObject | undefined => {
    const schema = member(holder, "content", "application/json", "schema");
    return schema === undefined ? undefined : asObject(schema);
  };

  const templates = Object.entries(asObject(document.paths)).map(([template, methods]) => ({
    template,
    pattern: new RegExp(`^${template.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`),
    methods: asObject(methods),
  }));

  return (method, path) => {
    for (const { template, pattern, methods } of templates) {
      const match = pattern.exec(path);
      const operation = methods[method.toLowerCase()];
      if (match === null || operation === undefined) {
        continue;
      }
      const name = `${method} ${template}`;
      const responses = asObject(member(operation, "responses"));
      const success = Object.keys(responses).find((status) => status.startsWith("2")) ?? "200";
      const body = contentSchema(member(operation, "requestBody"));
      const answer = contentSchema(responses[success]);
      return {
        name,
        parameters: decoded(match.groups ?? {}),
        status: Number(success),
        queryProblem: (query) =>
          queryProblem(name, () => querySchema(document, member(operation, "parameters")), query),
        bodyProblem: (value) =>
          body === undefined
            ? value === undefined
              ? undefined
              : "this call takes no body"
            : problem(`${name} body`, () => closed(document, body), value),
        answerProblem: (value) =>
          answer === undefined
            ? value === undefined
              ? undefined
              : "this call answers without a body"
            : problem(`${name} answer`, () => open(document, answer), value),
      };
    }
    return undefined;
  };
}

type Problem = (key: string, schema: () => JsonObject, value: Json | undefined) => string | undefined;

/** Compiles a schema when it is first needed, and returns the problem with a value. */
function compiling(ajv: Ajv2019): Problem {
  const compiled = new Map<string, ValidateFunction>();
  return (key, schema, value) => {
    const validate = compiled.get(key) ?? ajv.compile(schema());
    compiled.set(key, validate);
    return validate(value ?? null) ? undefined : describe(validate);
  };
}

function decoded(groups: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]));
}

function describe({ errors }: ValidateFunction): string {
  const sentences = (errors ?? []).map(({ instancePath, message, params }) => {
    const extra = (params as Readonly<Record<string, unknown>>).unevaluatedProperty;
    const where = instancePath === "" ? "" : `${instancePath.slice(1).replaceAll("/", ".")} `;
    return `${where}${message ?? "is wrong"}${typeof extra === "string" ? ` (${extra})` : ""}`;
  });
  return [...new Set(sentences)].join("; ");
}
