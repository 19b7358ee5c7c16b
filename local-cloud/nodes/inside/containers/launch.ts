import type { Assignment, ContainerOrder } from "../../../machines";
import type { Settings } from "../settings";
import type { PulledImage } from "./image";

/** What a container is started with. */
export interface Launch {
  readonly settings: Settings;
  readonly order: ContainerOrder;
  readonly pulled: PulledImage;
  readonly id: string;
  readonly networkMode: Assignment["networkMode"];
  /** Its own on the machine's bridge. */
  readonly address: string;
  /** Names of other containers, as lines of /etc/hosts. */
  readonly hosts: string;
  /** What runs in it: entry point, then command. */
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes: string;
  /** File descriptor of its log. */
  readonly output: number;
}

/** A container that has been started. */
export interface Launched {
  /** A shell's code of how it ended. */
  readonly ended: Promise<number>;
  signal(name: string): void;
  /** SIGKILL to all of its processes. */
  kill(): void;
  /** Whether words end with 0 in it within so many milliseconds. */
  probe(words: readonly string[], timeout: number): Promise<boolean>;
  /** Where its machine reaches one of its ports. */
  reach(containerPort: number): { readonly host: string; readonly port: number };
}

/** A container's program could not be started. */
export function cannotStart(message: string): Error {
  return new Error(`CannotStartContainerError: Error response from daemon: ${message}`);
}
