import { awsSigningKey } from "../../config/schema";
import { isComputeStack } from "../terraform/stacks";
import type { Check } from "./check";

/**
 * Whether nodes will accept the installer: AWS's own, or that of clouds that sign it themselves, as the local cloud does,
 * whose shell sets the key. Otherwise each node would refuse it, and report so where few look.
 */
export const installerProblems: Check = ({ command, environment, selected, variables, notice }) => {
  const { config, file } = environment;
  const key = variables["ANYWHERE_SIGNING_KEY"] ?? "";
  const { signingKey } = config.installer;
  if (command === "deploy" && selected.some(isComputeStack)) {
    if (key !== "" && key !== signingKey) {
      return Promise.resolve([
        `the local cloud of this shell signs its installer with the key ${key}, and ${file} says installer.signingKey ` +
          `${signingKey}: set it to ${key} there, or open a shell without ANYWHERE_SIGNING_KEY for the real clouds`,
      ]);
    }
    if (key === "" && signingKey !== awsSigningKey) {
      notice(
        `${file} says installer.signingKey ${signingKey}, which isn't AWS's (${awsSigningKey}): nodes refuse AWS's ` +
          "installer. Remove the setting, unless AWS has replaced its key.",
      );
    }
  }
  return Promise.resolve([]);
};
