import { ApiError } from "./api-error";
import type { Context } from "../context";

/** A page of a list, and the token of the next one. */
export interface Page<Item> {
  readonly items: Item[];
  readonly nextToken: string | undefined;
}

/** A page of ECS. @throws ApiError InvalidParameterException for a token that it has not given */
export function ecsPage<Item>(
  context: Context,
  list: readonly Item[],
  { nextToken, maxResults }: { readonly nextToken?: string; readonly maxResults?: number },
): Page<Item> {
  return pageOf(context, list, { token: nextToken, size: maxResults }, "InvalidParameterException");
}

/** A page of Systems Manager. @throws ApiError InvalidNextToken for a token that it has not given */
export function ssmPage<Item>(
  context: Context,
  list: readonly Item[],
  { NextToken, MaxResults }: { readonly NextToken?: string; readonly MaxResults?: number },
): Page<Item> {
  return pageOf(context, list, { token: NextToken, size: MaxResults }, "InvalidNextToken");
}

/** A page of EventBridge Scheduler. @throws ApiError ValidationException for a token that it has not given */
export function schedulerPage<Item>(
  context: Context,
  list: readonly Item[],
  { NextToken, MaxResults }: { readonly NextToken?: string; readonly MaxResults?: number },
): Page<Item> {
  return pageOf(context, list, { token: NextToken, size: MaxResults }, "ValidationException");
}

function pageOf<Item>(
  { settings: { pageSize, emptyPages } }: Context,
  list: readonly Item[],
  request: { readonly token: string | undefined; readonly size: number | undefined },
  invalidToken: string,
): Page<Item> {
  if (emptyPages && request.token === undefined && list.length > 0) {
    return { items: [], nextToken: encode(0) };
  }
  const start = request.token === undefined ? 0 : decode(request.token, invalidToken);
  const end = start + Math.min(request.size ?? pageSize, pageSize);
  return { items: list.slice(start, end), nextToken: end < list.length ? encode(end) : undefined };
}

function encode(position: number): string {
  return Buffer.from(`from ${position}`).toString("base64url");
}

function decode(token: string, invalidToken: string): number {
  const position = /^from (\d+)$/.exec(Buffer.from(token, "base64url").toString())?.[1];
  if (position === undefined) {
    throw new ApiError(invalidToken, "The specified token is not valid.");
  }
  return Number(position);
}
