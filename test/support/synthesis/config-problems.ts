import { ConfigError, parseConfig } from "../../../config/load";

/** Everything that is wrong with an environment, as users read it; the file is `test.ts`. */
export function problemsOf(input: unknown): readonly string[] {
  try {
    parseConfig(input, "test.ts");
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.problems;
    }
    throw error;
  }
  return [];
}
