import type { Options } from "ajv";

/**
 * Compiles schemas in two thirds of the time: most are used a few times only, by a cloud that lasts for minutes. They are
 * ours, and their tests use them.
 */
export const quickly: Options = { code: { optimize: false }, validateSchema: false };
