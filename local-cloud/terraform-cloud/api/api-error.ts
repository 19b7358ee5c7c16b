/** An answer other than success, in the form of JSON:API. Source: HCP Terraform API, "Response Codes". */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail?: string,
  ) {
    super(detail ?? title);
  }
}

/** It doesn't exist, or this token may not see it. */
export function notFound(): ApiError {
  return new ApiError(404, "not found");
}

export function conflict(detail: string): ApiError {
  return new ApiError(409, "conflict", detail);
}

export function invalid(detail: string): ApiError {
  return new ApiError(422, "invalid attribute", detail);
}

/** A request that HCP Terraform may accept, but that this stand-in can't fulfil. */
export function notModelled(what: string): ApiError {
  return new ApiError(501, "not modelled", `${what} is not modelled by the local cloud.`);
}
