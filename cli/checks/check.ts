import type { LoadedEnvironment } from "../../config/load";
import type { Stack } from "../terraform/stacks";

/** A command's undertaking, for checks of its prerequisites. */
export interface Undertaking {
  readonly command: "deploy" | "destroy" | "diff";
  readonly environment: LoadedEnvironment;
  /** The stacks that it works on. */
  readonly selected: readonly Stack[];
  /** The user's environment. */
  readonly variables: NodeJS.ProcessEnv;
  /** Aborts calls that take too long. */
  readonly deadline: AbortSignal;
  /** Receives a line about anything that can't be checked, which is no reason to refuse the command. */
  readonly notice: Notice;
}

export type Notice = (text: string) => void;

/** Returns a line with the remedy for each missing prerequisite of an undertaking. */
export type Check = (undertaking: Undertaking) => Promise<readonly string[]>;

/** Seconds that a check may take; they run side by side. */
export const checkSeconds = 8;
