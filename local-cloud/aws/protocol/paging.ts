import { ApiError } from "./api-error";
import type { Context } from "../context";

/** A page of a list, and the token of the next one. */
export interface Page<Item> {
  readonly items: Item[];
  readonly nextToken: string | undefined;
}

/** Cuts a page out of a list, by a request's token and size. @throws ApiError for a token that it didn't issue */
type Pager<Request> = <Item>(context: Context, list: readonly Item[], request: Request) => Page<Item>;

type EcsRequest = { readonly nextToken?: string; readonly maxResults?: number };
type Request = { readonly NextToken?: string; readonly MaxResults?: number };

export const ecsPage: Pager<EcsRequest> = (context, list, { nextToken, maxResults }) =>
  pageOf(context, list, { NextToken: nextToken, MaxResults: maxResults }, "InvalidParameterException");

/** A page of Systems Manager. */
export const ssmPage: Pager<Request> = (context, list, request) =>
  pageOf(context, list, request, "InvalidNextToken");

export const schedulerPage: Pager<Request> = (context, list, request) =>
  pageOf(context, list, request, "ValidationException");

function pageOf<Item>(
  { settings: { pageSize, emptyPages } }: Context,
  list: readonly Item[],
  { NextToken: token, MaxResults: size = pageSize }: Request,
  invalidToken: string,
): Page<Item> {
  if (emptyPages && token === undefined && list.length > 0) {
    return { items: [], nextToken: encode(0) };
  }
  const start = token === undefined ? 0 : decode(token, invalidToken);
  const end = start + Math.min(size, pageSize);
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
