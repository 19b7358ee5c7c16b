import type { LoadedEnvironment } from "../../config/load";
import type { Stack } from "../terraform/stacks";

/** What a command is about to do, for checks of what that will need. */
export interface Undertaking {
  readonly command: "deploy" | "destroy" | "diff";
  readonly environment: LoadedEnvironment;
  /** The stacks that it is about. */
  readonly selected: readonly Stack[];
  /** The user's environment. */
  readonly variables: NodeJS.ProcessEnv;
  /** Aborts what takes too long. */
  readonly deadline: AbortSignal;
  /** Takes a line about what can't be checked, which is no reason to refuse anything. */
  readonly notice: Notice;
}

export type Notice = (text: string) => void;

/** Returns a line for each thing that an undertaking will need and that is missing, with the remedy. */
export type Check = (undertaking: Undertaking) => Promise<readonly string[]>;

/** Seconds that a check may take; they run side by side. */
export const checkSeconds = 8;
