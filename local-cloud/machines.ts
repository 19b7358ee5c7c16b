import type { Socket } from "node:net";
import type { PrivateNetwork } from "./private-network";

/** The inputs for booting a machine. */
export interface MachineSpec {
  /** `droplet-<id>`, or the name of a server on premises. */
  readonly name: string;
  /** Host name that the machine sees. */
  readonly hostname: string;
  /** Script of the first boot. */
  readonly userData: string;
  readonly publicIp: string;
  /** Its address in a private network, with that network's prefix: `10.100.0.2/20`. */
  readonly privateIp?: string;
}

/**
 * The computers of the world, on which droplets and servers on premises run. Only this part starts and ends processes.
 */
export interface Machines {
  /** How machines are isolated from this computer. */
  readonly sandbox: "namespaces" | "process";
  /** Switches a new machine on and runs its user-data once. Returns when it has been started. */
  boot(spec: MachineSpec): Promise<void>;
  /** Switches a machine off at once, as pulling the plug does: its disk stays. */
  powerOff(name: string): Promise<void>;
  /** Switches on a machine that was off: services start, user-data doesn't run again. */
  powerOn(name: string): Promise<void>;
  /** Ends the agent (`kill`), while its containers keep running; or starts it again with its state on disk. */
  agent(name: string, action: "stop" | "start"): Promise<void>;
  /** Switches it off, and deletes its disk. A machine that is gone already is a success. */
  destroy(name: string): Promise<void>;
  /** A connection to a TCP port that something on the machine listens on; an `error` event when nothing does. */
  connect(name: string, port: number): Socket;
  /** From now on, passes on the name of each machine that has switched itself off. */
  whenOff(told: (name: string) => void): void;
  /** From now on, machines with namespaces reach the private addresses of this network. */
  reach(network: PrivateNetwork): void;
  /** Containers' output since the last call, in whole lines. */
  output(): Promise<readonly ContainerOutput[]>;
  /** The machine's output since its creation, for diagnosis and tests. */
  console(name: string): Promise<string>;
  /** Ends every machine. */
  close(): Promise<void>;
}

/** The output of one container. */
export interface ContainerOutput {
  /** Last part of the task's ARN. */
  readonly task: string;
  readonly container: string;
  readonly lines: readonly string[];
}

export type ContainerStatus = "PENDING" | "RUNNING" | "STOPPED";
export type Health = "UNKNOWN" | "HEALTHY" | "UNHEALTHY";

/** An agent's report about a container of a task. */
export interface ContainerReport {
  readonly name: string;
  /** Id of Docker's container; undefined while there is none. */
  readonly runtimeId?: string;
  readonly status: ContainerStatus;
  readonly health: Health;
  readonly exitCode?: number;
  /** Why it could not be started or run: `CannotPullContainerError: …`. */
  readonly reason?: string;
  readonly networkBindings: readonly PortMapping[];
}

/** An agent's report about a task it was given. */
export interface TaskReport {
  readonly taskArn: string;
  readonly status: ContainerStatus;
  readonly containers: readonly ContainerReport[];
}

/**
 * The agents' other calls are the real ones, JSON 1.1 by `X-Amz-Target`, unsigned:
 * - `AmazonSSM.RegisterManagedInstance` {ActivationId, ActivationCode, Fingerprint, PublicKey, PublicKeyType} → {InstanceId}
 * - `AmazonSSM.UpdateInstanceInformation` {InstanceId, AgentName, AgentVersion, AgentStatus, PlatformType, PlatformName,
 *   PlatformVersion, IPAddress, ComputerName} → {}, its heartbeat
 * - `AmazonEC2ContainerServiceV20141113.RegisterContainerInstance` as in the service model, with
 *   `instanceIdentityDocument` `{"instanceId":"mi-…"}` instead of the identity that the real agent's credentials carry
 * - `AmazonEC2ContainerServiceV20141113.DiscoverPollEndpoint`
 */

/**
 * A poll of a machine's agent: `POST /agent` on the machine's Unix socket. Its answer waits for a while until there are
 * other orders than those that the agent knows; a later poll of the same agent takes its place.
 */
export interface AgentPoll {
  readonly machine: string;
  readonly managedInstanceId: string;
  readonly containerInstanceArn: string;
  /** Every task that the agent has. One that was RUNNING and is missing has died with its machine. */
  readonly tasks: readonly TaskReport[];
  /** The mark of the orders that the agent has. */
  readonly known?: string;
}

/** A port of a container that is reached at a port of its machine; 0 for any free one. */
export interface PortMapping {
  readonly containerPort: number;
  readonly hostPort: number;
}

/** The health check of a container. */
export interface HealthCheck {
  /** `["CMD", program, …]` or `["CMD-SHELL", line]`. */
  readonly command: readonly string[];
  /** Seconds. */
  readonly interval: number;
  readonly timeout: number;
  readonly retries: number;
  readonly startPeriod: number;
}

/** A container that the machine must run as part of a task, from the task definition. */
export interface ContainerOrder {
  readonly name: string;
  readonly image: string;
  readonly essential: boolean;
  /** The image's own when undefined. */
  readonly entryPoint: readonly string[] | undefined;
  readonly command: readonly string[] | undefined;
  readonly workingDirectory: string | undefined;
  readonly user: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly ports: readonly PortMapping[];
  /** `container` or `container:alias`. */
  readonly links: readonly string[];
  readonly dependsOn: readonly {
    readonly containerName: string;
    readonly condition: "START" | "COMPLETE" | "SUCCESS" | "HEALTHY";
  }[];
  /** Seconds between the stop signal and SIGKILL. */
  readonly stopTimeout: number;
  /** Seconds that others wait for it at most. */
  readonly startTimeout: number | undefined;
  readonly healthCheck: HealthCheck | undefined;
  /** Folders of the machine; without a path, one that lives as long as the task. */
  readonly mounts: readonly {
    readonly volume: string;
    readonly hostPath: string | undefined;
    readonly containerPath: string;
    readonly readOnly: boolean;
  }[];
  readonly tmpfs: readonly {
    readonly containerPath: string;
    readonly mebibytes: number;
    readonly mountOptions: readonly string[];
  }[];
  readonly readOnlyRoot: boolean;
  readonly initProcess: boolean;
  /** Names without `CAP_`, or `ALL`. */
  readonly capabilities: { readonly add: readonly string[]; readonly drop: readonly string[] };
  readonly noNewPrivileges: boolean;
}

/** A task that the machine must run or stop. */
export interface Assignment {
  readonly taskArn: string;
  readonly family: string;
  readonly revision: number;
  readonly desiredStatus: "RUNNING" | "STOPPED";
  readonly networkMode: "bridge" | "host" | "none";
  readonly containers: readonly ContainerOrder[];
}

/** Answer to {@link AgentPoll}. `connected` is false once either registration is gone; the agent then keeps what runs. */
export interface AgentOrders {
  readonly connected: boolean;
  readonly tasks: readonly Assignment[];
  /** Differs from that of other orders. */
  readonly mark?: string;
}
