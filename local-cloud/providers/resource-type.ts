import type { Obj, Value } from "./value";

/** The behaviour of a resource beyond its published schema, and its creation and deletion. */
export interface ResourceType {
  /** Attributes and blocks whose change forces a replacement. */
  readonly forceNew?: readonly string[];
  /** Attributes of which some changes force a replacement. */
  readonly forceNewIf?: Readonly<Record<string, (wanted: Value, prior: Value) => boolean>>;
  /** Values of attributes that the configuration leaves out. */
  readonly defaults?: Obj;
  /** The same for the attributes of nested blocks, by the block's name. */
  readonly blockDefaults?: Readonly<Record<string, Obj>>;
  /** Blocks that keep the API's value when the configuration has none. */
  readonly computedBlocks?: readonly string[];
  /** The value that the state keeps instead of a configured text. */
  readonly stored?: Readonly<Record<string, (text: string) => string>>;
  /** Refuses a combination of values. @throws Error */
  readonly check?: (planned: Obj) => void;
  /** Creates it; returns the values that replace the planned ones. @throws PartialError when it exists only partly */
  readonly create: (wanted: Obj) => Promise<Obj> | Obj;
  /** Its present values, which replace the state's; null when it is gone. */
  readonly read: (state: Obj) => Promise<Obj | null> | Obj | null;
  readonly update?: (wanted: Obj, prior: Obj) => Promise<Obj>;
  readonly remove: (prior: Obj) => Promise<void> | void;
}

/** A provider: its resources and data sources by type; all others are unknown. */
export interface Provider {
  readonly address: string;
  readonly resources: Readonly<Record<string, ResourceType>>;
  /** The values that each reads for a configuration, and that override it. */
  readonly dataSources?: Readonly<Record<string, (configuration: Obj) => Promise<Obj>>>;
  /** Refuses a configuration of the provider itself. @throws Error */
  readonly configure?: (configuration: Obj) => void;
}

/** A creation that failed after something was created: Terraform keeps that as tainted. */
export class PartialError extends Error {
  constructor(
    message: string,
    /** Its known properties, at least its id. */
    readonly state: Obj,
  ) {
    super(message);
  }
}
