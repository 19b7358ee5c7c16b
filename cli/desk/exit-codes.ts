/** Exit codes of the operator's commands. */
export const exitCodes = {
  fine: 0,
  /** The command failed, or a cloud couldn't be queried. */
  failed: 1,
  /** The command succeeded, and found a problem. */
  problems: 2,
} as const;

/** The same in words, for the help of a command. */
export const exitCodesHelp =
  "Exit codes: 0 no problems; 2 problems, reported with their remedies; 1 the command failed, or a cloud couldn't be queried.";
