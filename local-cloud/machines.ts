import type { Socket } from "node:net";
import type { PrivateNetwork } from "./private-network";

/** What is needed to boot a machine. */
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
 * The computers of the world: what a droplet or a server on premises runs on. Only this part starts
 * and ends processes.
 */
export interface Machines {
  /** How a machine is kept apart from this one. */
  readonly sandbox: "namespaces" | "process";
  /** Switches a new machine on and runs its user-data once. Returns when it has been started. */
  boot(spec: MachineSpec): Promise<void>;
  /** Switches a machine off at once, as pulling the plug does: its disk stays. */
  powerOff(name: string): Promise<void>;
  /** Switches a machine on that was off: services start, user-data doesn't run again. */
  powerOn(name: string): Promise<void>;
  /** Ends the agent (`kill`), its containers go on; or starts it again with what its disk remembers. */
  agent(name: string, action: "stop" | "start"): Promise<void>;
  /** Switches it off, and its disk is gone. Gone already is success. */
  destroy(name: string): Promise<void>;
  /** A connection to a TCP port that something on the machine listens on; an `error` event when nothing does. */
  connect(name: string, port: number): Socket;
  /** From now on, machines with namespaces reach the private addresses of this network. */
  reach(network: PrivateNetwork): void;
  /** What the machine has printed since it was made, for diagnosis and tests. */
  console(name: string): Promise<string>;
  /** Ends every machine. */
  close(): Promise<void>;
}

/** What a machine's agent says about a task it has been given. */
export interface TaskReport {
  readonly taskArn: string;
  readonly status: "PENDING" | "RUNNING" | "STOPPED";
  readonly health: "UNKNOWN" | "HEALTHY" | "UNHEALTHY";
  readonly exitCode?: number;
  /** Why it stopped, where the agent knows: `Essential container in task exited`, `CannotPullContainerError: …`. */
  readonly reason?: string;
}

/**
 * The agents' other calls are the real ones, JSON 1.1 by `X-Amz-Target`, unsigned:
 * - `AmazonSSM.RegisterManagedInstance` {ActivationId, ActivationCode, Fingerprint, PublicKey, PublicKeyType} → {InstanceId}
 * - `AmazonSSM.UpdateInstanceInformation` {InstanceId, AgentName, AgentVersion, AgentStatus, PlatformType, PlatformName,
 *   PlatformVersion, IPAddress, ComputerName} → {}, its heartbeat
 * - `AmazonEC2ContainerServiceV20141113.RegisterContainerInstance` as in the service model, with `instanceIdentityDocument`
 *   `{"instanceId":"mi-…"}` in place of the identity that the real agent's credentials carry
 * - `AmazonEC2ContainerServiceV20141113.DiscoverPollEndpoint`
 */

/** A poll of a machine's agent, at most every 0.5 s: `POST /agent` on the machine's Unix socket. */
export interface AgentPoll {
  readonly machine: string;
  readonly managedInstanceId: string;
  readonly containerInstanceArn: string;
  /** Every task that the agent has. One that was RUNNING and is left out has died with its machine. */
  readonly tasks: readonly TaskReport[];
}

/** A task that the machine is to run, or to stop. */
export interface Assignment {
  readonly taskArn: string;
  readonly family: string;
  readonly revision: number;
  readonly desiredStatus: "RUNNING" | "STOPPED";
  readonly container: {
    readonly name: string;
    readonly image: string;
    readonly command: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
    readonly containerPort: number | undefined;
    readonly hostPort: number | undefined;
    /** Seconds between SIGTERM and SIGKILL. */
    readonly stopTimeout: number;
    readonly healthCheck:
      | {
          /** `["CMD", program, …]` or `["CMD-SHELL", line]`. */
          readonly command: readonly string[];
          /** Seconds. */
          readonly interval: number;
          readonly timeout: number;
          readonly retries: number;
          readonly startPeriod: number;
        }
      | undefined;
  };
}

/** Answer to {@link AgentPoll}. `connected` is false once either registration is gone; the agent then keeps what runs. */
export interface AgentOrders {
  readonly connected: boolean;
  readonly tasks: readonly Assignment[];
}
