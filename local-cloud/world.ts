import type {
  Activation,
  ContainerInstance,
  EcsCluster,
  EcsService,
  ManagedInstance,
  Task,
  TaskDefinition,
} from "./aws/state";
import type { Schedule } from "./aws/scheduler/schedule";
import { initialBehaviour, type Behaviour } from "./digitalocean/behaviour";
import type { Certificate, Droplet, Firewall, LoadBalancer, Tag, Vpc } from "./digitalocean/state";
import type { Fault } from "./faults";

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

/** One line of the journal: a call that an API received, or something that happened in the world. */
export interface Entry {
  /** Position in the journal, from 1. */
  readonly sequence: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly kind: "call" | "event";
  /** The API's service, or the place of an event; a signing name, such as `iam`, for services of moto. */
  readonly service: string;
  /** The operation (`DeregisterManagedInstance`, `DELETE /v2/droplets/{droplet_id}`) or what happened (`booted`). */
  readonly name: string;
  /** HTTP status of a call's answer. */
  readonly status?: number;
  /** The caller: the `User-Agent`'s first product, or the machine's name. */
  readonly caller?: string;
  /** Id of the access key with which a call to AWS was signed. */
  readonly principal?: string;
  /**
   * Input of a call, empty for services of moto, with the id that a successful registration returned as `answered`, or
   * details of an event. Never contains an activation code or user-data. */
  readonly detail: JsonObject;
}

/** Everything that exists in the embedded clouds, in typed maps, and the append-only journal. */
export interface World {
  /** The account of {@link https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html}. */
  readonly account: string;
  readonly aws: {
    /** By activation id. */
    readonly activations: Map<string, Activation>;
    /** By `mi-` id. */
    readonly managedInstances: Map<string, ManagedInstance>;
    /** By name. */
    readonly clusters: Map<string, EcsCluster>;
    /** By ARN. */
    readonly containerInstances: Map<string, ContainerInstance>;
    /** By ARN. */
    readonly taskDefinitions: Map<string, TaskDefinition>;
    /** By ARN. */
    readonly services: Map<string, EcsService>;
    /** By ARN. */
    readonly tasks: Map<string, Task>;
    /** By name. */
    readonly schedules: Map<string, Schedule>;
  };
  /** The resources of other accounts and regions, by `account/region`. */
  readonly elsewhere: Map<string, World["aws"]>;
  readonly digitalocean: {
    /** By id, like everything without a comment. */
    readonly certificates: Map<string, Certificate>;
    readonly droplets: Map<number, Droplet>;
    readonly firewalls: Map<string, Firewall>;
    readonly loadBalancers: Map<string, LoadBalancer>;
    readonly tags: Map<string, Tag>;
    readonly vpcs: Map<string, Vpc>;
    readonly behaviour: Behaviour;
  };
  /** Applied to matching calls, first match first. */
  readonly faults: Fault[];
  readonly journal: Entry[];
}

/** An entry as its author writes it. */
export type Note = Omit<Entry, "sequence" | "at">;

/** Appends to the journal. */
export function note(world: World, entry: Note): void {
  world.journal.push({ ...entry, sequence: world.journal.length + 1, at: Date.now() });
}

/** Empty clouds. */
export function createWorld(account: string): World {
  return {
    account,
    aws: {
      activations: new Map(),
      managedInstances: new Map(),
      clusters: new Map(),
      containerInstances: new Map(),
      taskDefinitions: new Map(),
      services: new Map(),
      tasks: new Map(),
      schedules: new Map(),
    },
    elsewhere: new Map(),
    digitalocean: {
      certificates: new Map(),
      droplets: new Map(),
      firewalls: new Map(),
      loadBalancers: new Map(),
      tags: new Map(),
      vpcs: new Map(),
      behaviour: initialBehaviour(),
    },
    faults: [],
    journal: [],
  };
}
