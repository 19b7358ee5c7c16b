import type { Json, JsonObject } from "../../world";
import type { Member, ServiceModel } from "./model";

/** A request of a service that speaks REST. */
export interface RestRequest {
  readonly method: string;
  readonly url: string;
  readonly body: JsonObject;
}

/** A call of a service that speaks REST and JSON. */
export interface RestCall {
  readonly name: string;
  readonly input: JsonObject;
}

/**
 * Finds the operation that a method and a URL name, and puts its input together from path, query and body.
 * Source: Smithy, "AWS restJson1 protocol".
 * @returns undefined when the service has no such operation
 */
export function readRestCall(
  { operations, shapes }: ServiceModel,
  { method, url, body }: RestRequest,
): RestCall | undefined {
  const { pathname, searchParams } = new URL(url, "http://localhost");
  for (const [name, { http, input }] of Object.entries(operations)) {
    const parameters = http?.method === method ? matched(http.requestUri, pathname) : undefined;
    if (parameters === undefined) {
      continue;
    }
    const members = Object.entries(shapes[input?.shape ?? ""]?.members ?? {});
    const given = members.flatMap(([member, place]): [string, Json][] => {
      const key = place.locationName ?? member;
      const text = place.location === "uri" ? parameters[key] : searchParams.get(key);
      return place.location === undefined || text === undefined || text === null
        ? []
        : [[member, valueOf(text, shapes[place.shape]?.type)]];
    });
    return { name, input: { ...withoutPlaced(body, members), ...Object.fromEntries(given) } };
  }
  return undefined;
}

/** The values of the names in braces; undefined when the path doesn't match. */
function matched(template: string, path: string): Readonly<Record<string, string>> | undefined {
  const pattern = template.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)");
  const found = new RegExp(`^${pattern}$`).exec(path);
  return (
    (found &&
      Object.fromEntries(
        Object.entries(found.groups ?? {}).map(([name, text]) => [name, decodeURIComponent(text)]),
      )) ??
    undefined
  );
}

function valueOf(text: string, type: string | undefined): Json {
  return type === "integer" ? Number(text) : text;
}

/** A member that belongs to the path or the query means nothing in the body. */
function withoutPlaced(body: JsonObject, members: readonly (readonly [string, Member])[]): JsonObject {
  const placed = new Set(members.filter(([, { location }]) => location !== undefined).map(([name]) => name));
  return Object.fromEntries(Object.entries(body).filter(([name]) => !placed.has(name)));
}
