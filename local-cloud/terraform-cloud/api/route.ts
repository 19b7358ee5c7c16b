import type { Json, JsonObject } from "../../world";
import type { Caller } from "../state/access";

/** A call that was understood and whose caller is known. */
export interface Call {
  /** The caller; nobody for a signed address. */
  readonly caller: Caller;
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The parsed body; undefined when there is none or it isn't JSON. */
  readonly json: Json | undefined;
  readonly body: Buffer;
}

/** A document of JSON:API, bytes, or nothing. */
export interface Answer {
  readonly status: number;
  readonly json?: JsonObject;
  readonly bytes?: Buffer;
  /** Of the bytes. @default application/json */
  readonly type?: string;
  readonly location?: string;
}

/** The handler of one kind of call. */
export interface Route {
  /** Names of its query parameters. */
  readonly query?: readonly string[];
  /** Whether its address is a secret that stands in for a token. */
  readonly signed?: true;
  readonly answer: (call: Call) => Answer | Promise<Answer>;
}

/** By method and path template: `GET /api/v2/workspaces/{workspace}`. */
export type Routes = Readonly<Record<string, Route>>;

/** A route that a request matches. */
export interface Match {
  readonly name: string;
  readonly route: Route;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Finds the route of a method and a path. */
export function findRoute(routes: Routes, method: string, path: string): Match | undefined {
  const segments = path.split("/");
  for (const [name, route] of Object.entries(routes)) {
    const [wanted = "", template = ""] = name.split(" ");
    const parts = template.split("/");
    const matches =
      wanted === method &&
      parts.length === segments.length &&
      parts.every((part, index) => part.startsWith("{") || part === segments[index]);
    if (matches) {
      const parameters = Object.fromEntries(
        parts.flatMap((part, index) =>
          part.startsWith("{") ? [[part.slice(1, -1), decodeURIComponent(segments[index] ?? "")]] : [],
        ),
      );
      return { name, route, parameters };
    }
  }
  return undefined;
}
