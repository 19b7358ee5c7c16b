import { isComputeStack } from "../terraform/stacks";
import type { Check } from "./check";

/**
 * Whether nodes will accept the installer of clouds that sign it themselves, as the local cloud does: its shell sets
 * the key. Otherwise each node would refuse it, and report so where few look.
 */
export const installerProblems: Check = ({ command, environment, selected, variables }) => {
  const { config, file } = environment;
  const key = variables["ANYWHERE_SIGNING_KEY"] ?? "";
  const { signingKey } = config.installer;
  return Promise.resolve(
    command !== "deploy" || key === "" || key === signingKey || !selected.some(isComputeStack)
      ? []
      : [
          `the local cloud of this shell signs its installer with the key ${key}, and ${file} says installer.signingKey ` +
            `${signingKey}: set it to ${key} there, or open a shell without ANYWHERE_SIGNING_KEY for the real clouds`,
        ],
  );
};
