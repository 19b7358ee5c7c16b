/** An answer that is an AWS error. */
export class ApiError extends Error {
  /**
   * @param code the error's name in the service model
   * @param status HTTP status: 400, or 5xx for what clients retry
   */
  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

/** The error for anything that the real service may offer and this one doesn't: never a wrong success. */
export function notModelled(what: string): ApiError {
  return new ApiError("NotModelledException", `The local cloud does not model ${what}.`);
}

/** The error for a mistake of the local cloud itself. Clients don't retry its status. */
export function defect(message: string): ApiError {
  return new ApiError("LocalCloudDefect", message, 501);
}

/** ECS's error for rules that the service model can't express. */
export function invalidParameter(message: string): ApiError {
  return new ApiError("InvalidParameterException", message);
}

/** ECS's error for a task definition. */
export function clientError(message: string): ApiError {
  return new ApiError("ClientException", message);
}

/** The error of Systems Manager and EventBridge Scheduler for rules that the service model can't express. */
export function invalidInput(message: string): ApiError {
  return new ApiError("ValidationException", message);
}

/** The error for a body of more than this many bytes. */
export function tooLarge(limit: number): ApiError {
  return new ApiError("RequestEntityTooLarge", `The request's body exceeds ${limit} bytes.`, 413);
}
