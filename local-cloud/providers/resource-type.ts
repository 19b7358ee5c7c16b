import type { Obj, Value } from "./value";

/** What a published schema doesn't say of a resource, and how the resource is made and unmade. */
export interface ResourceType {
  /** Attributes and blocks whose change forces a replacement. */
  readonly forceNew?: readonly string[];
  /** Attributes of which some changes force a replacement. */
  readonly forceNewIf?: Readonly<Record<string, (wanted: Value, prior: Value) => boolean>>;
  /** Values of attributes that the configuration leaves out. */
  readonly defaults?: Obj;
  /** The same for the attributes of nested blocks, by the block's name. */
  readonly blockDefaults?: Readonly<Record<string, Obj>>;
  /** Blocks that keep what the API said when the configuration has none. */
  readonly computedBlocks?: readonly string[];
  /** The value that the state keeps in place of a configured text. */
  readonly stored?: Readonly<Record<string, (text: string) => string>>;
  /** Refuses a combination of values. @throws Error */
  readonly check?: (planned: Obj) => void;
  /** Makes it; gives the values that are to be put over the planned ones. @throws PartialError when it half exists */
  readonly create: (wanted: Obj) => Promise<Obj> | Obj;
  /** Its present values, to be put over the state's; null when it is gone. */
  readonly read: (state: Obj) => Promise<Obj | null> | Obj | null;
  readonly update?: (wanted: Obj, prior: Obj) => Promise<Obj>;
  readonly remove: (prior: Obj) => Promise<void> | void;
}

/** A provider: its resources and data sources by type, of which all others are unknown. */
export interface Provider {
  readonly address: string;
  readonly resources: Readonly<Record<string, ResourceType>>;
  /** The values that each reads for a configuration, to override it. */
  readonly dataSources?: Readonly<Record<string, (configuration: Obj) => Promise<Obj>>>;
  /** Refuses a configuration of the provider itself. @throws Error */
  readonly configure?: (configuration: Obj) => void;
}

/** A creation that failed after something had come into being: Terraform keeps that as tainted. */
export class PartialError extends Error {
  constructor(
    message: string,
    /** Its known properties, at least its id. */
    readonly state: Obj,
  ) {
    super(message);
  }
}
