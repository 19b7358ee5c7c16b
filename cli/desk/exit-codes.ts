/** How commands of the operator's desk end. */
export const exitCodes = {
  fine: 0,
  /** It couldn't be done, or not everything could be asked. */
  failed: 1,
  /** It was done, and something isn't as it should be. */
  problems: 2,
} as const;

/** The same in words, for the help of a command. */
export const exitCodesHelp =
  "Exit codes: 0 all is well; 2 something isn't, and is told with its remedy; 1 it couldn't be done, or a cloud couldn't be asked.";
