/** An answer other than success, in DigitalOcean's form `{id, message}`. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    /** DigitalOcean's name of the error: `not_found`, `unprocessable_entity`, … */
    readonly id: string,
    message: string,
  ) {
    super(message);
  }
}

export function notFound(): ApiError {
  return new ApiError(404, "not_found", "The resource you were accessing could not be found.");
}

export function forbidden(message: string): ApiError {
  return new ApiError(403, "forbidden", message);
}

export function unprocessable(message: string): ApiError {
  return new ApiError(422, "unprocessable_entity", message);
}

/** A request that DigitalOcean may accept, but that this emulation can't fulfil. */
export function notModelled(what: string): ApiError {
  return unprocessable(`${what} is not modelled by the local cloud.`);
}
