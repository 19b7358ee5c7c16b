import type { Json, JsonObject } from "../../world";
import { notFound } from "./api-error";

/** A call that the published API allows, by the parts of its input. */
export interface Call {
  /** Scheme, host and port that the client called. */
  readonly origin: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: JsonObject;
  readonly body: JsonObject;
}

/** Answers a call; undefined is an answer without a body. The status is the published one of success. */
export interface Route {
  /** Brings a body into the published form, where real clients send another that DigitalOcean accepts. */
  readonly normalise?: (body: JsonObject) => JsonObject;
  readonly call: (call: Call) => Json | undefined | Promise<Json | undefined>;
}

/** By method and path template: `GET /v2/droplets/{droplet_id}`. */
export type Routes = Readonly<Record<string, Route | undefined>>;

/** One row of the table of resources. */
export interface Resource<Item> {
  readonly path: string;
  /** The path's parameter that names one item. */
  readonly key: string;
  /** Name of one item, and of a list, in an answer. */
  readonly names: readonly [string, string];
  readonly list: (query: JsonObject) => readonly Item[];
  readonly find: (key: string) => Item | undefined;
  readonly show: (item: Item) => JsonObject;
  readonly normalise?: (body: JsonObject) => JsonObject;
  readonly create: (body: JsonObject) => Item | Promise<Item>;
  /** Members of a creation's answer besides the item. */
  readonly created?: (item: Item) => JsonObject;
  readonly update?: (item: Item, body: JsonObject) => void | Promise<void>;
  readonly remove: (item: Item) => void | Promise<void>;
}

/** Finds the item that a path names. @throws ApiError 404 */
export function required<Item>(item: Item | undefined): Item {
  if (item === undefined) {
    throw notFound();
  }
  return item;
}

/** The calls of a resource: list, create, get, update and delete. */
export function resourceRoutes<Item>(resource: Resource<Item>): Routes {
  const { path, key, names, show, normalise, update } = resource;
  const [one, many] = names;
  const onItem = (act: (item: Item, call: Call) => Json | undefined | Promise<Json | undefined>): Route => ({
    ...(normalise && { normalise }),
    call: (call) => act(required(resource.find(call.parameters[key] ?? "")), call),
  });
  return {
    [`GET ${path}`]: { call: (call) => page(call, path, many, resource.list(call.query).map(show)) },
    [`POST ${path}`]: {
      ...(normalise && { normalise }),
      call: async ({ body }) => {
        const item = await resource.create(body);
        return { [one]: show(item), ...resource.created?.(item) };
      },
    },
    [`GET ${path}/{${key}}`]: onItem((item) => ({ [one]: show(item) })),
    [`DELETE ${path}/{${key}}`]: onItem(async (item) => {
      await resource.remove(item);
      return undefined;
    }),
    ...(update && {
      [`PUT ${path}/{${key}}`]: onItem(async (item, { body }) => {
        await update(item, body);
        return { [one]: show(item) };
      }),
    }),
  };
}

/** One page of a list. Source: DigitalOcean API, "Links & Pagination": 20 items when nothing else is asked for. */
export function page(
  { origin, query }: Call,
  path: string,
  name: string,
  items: readonly JsonObject[],
): JsonObject {
  const { page: number = 1, per_page: size = 20 } = query as { page?: number; per_page?: number };
  const last = Math.max(1, Math.ceil(items.length / size));
  const link = (to: number): string => {
    const search = Object.entries({ ...query, page: to, per_page: size }).map(
      ([key, value]): [string, string] => [key, String(value)],
    );
    return `${origin}${path}?${new URLSearchParams(search).toString()}`;
  };
  return {
    [name]: items.slice((number - 1) * size, number * size),
    links: {
      pages: {
        ...(number > 1 && { first: link(1), prev: link(number - 1) }),
        ...(number < last && { last: link(last), next: link(number + 1) }),
      },
    },
    meta: { total: items.length },
  };
}
