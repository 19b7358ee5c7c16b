import type { Assignment, ContainerOrder, PortMapping } from "../../../machines";
import type { Settings } from "../settings";
import type { PulledImage } from "../images/image";

/** A container's place on its machine. */
export interface ContainerPlace {
  readonly settings: Settings;
  readonly assignment: Assignment;
  readonly id: string;
  readonly address: string;
  /** Address of its task metadata. */
  readonly metadataUri: string;
  /** Its ports, with their ports on the machine, or why they aren't available. */
  readonly bindings: readonly PortMapping[] | string;
  /** Folder for the task's own volumes. */
  readonly volumes: string;
  /** Told of every change of its report. */
  changed(): void;
}

/** A container's start options. */
export interface Launch {
  readonly place: ContainerPlace;
  readonly order: ContainerOrder;
  readonly pulled: PulledImage;
  /** Names of other containers, as lines of /etc/hosts. */
  readonly hosts: string;
  /** Its process: entry point, then command. */
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** File descriptor of its log. */
  readonly output: number;
}

/** A container that has been started. */
export interface Launched {
  /** Its exit code, as a shell reports it. */
  readonly ended: Promise<number>;
  /** Sends its image's stop signal. */
  stop(): void;
  /** SIGKILL to all of its processes. */
  kill(): void;
  /** Whether a command in it exits with 0 within this many milliseconds. */
  probe(words: readonly string[], timeout: number): Promise<boolean>;
  /** Where its machine reaches one of its ports. */
  reach(containerPort: number): { readonly host: string; readonly port: number };
}

/** A container's program could not be started. */
export function cannotStart(message: string): Error {
  return new Error(`CannotStartContainerError: Error response from daemon: ${message}`);
}
