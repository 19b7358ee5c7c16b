import { closeSync, mkdirSync, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Assignment, ContainerOrder, ContainerReport, Health } from "../../../machines";
import { log, reason, type Settings } from "../settings";
import { watchHealth } from "./health-check";
import { pullImage } from "../images/image";
import { cannotStart, type ContainerPlace, type Launched } from "./launch";
import { launchBare } from "./launch-bare";
import { launchInNamespaces } from "./launch-in-namespaces";
import { publish } from "./relay";
import { containersFolder } from "./root";

/** One container of a task. */
export interface Container {
  readonly id: string;
  readonly order: ContainerOrder;
  /** Its own on the machine's bridge. */
  readonly address: string;
  report(): ContainerReport;
  /** Milliseconds since the epoch; undefined before it runs. */
  startedAt(): number | undefined;
  /** @param hosts names of other containers, as lines of /etc/hosts */
  start(hosts: string): void;
  /** The stop signal, and SIGKILL after the container's stop timeout. */
  stop(): void;
  /** Ends it before it has been started. */
  abandon(reason?: string): void;
  /** SIGKILL to all of its processes. */
  kill(): void;
}

/** Exit code of a container that never ran, as the agent reports it. */
const neverRan = 143;

/** A container that waits to be started. */
export function createContainer(place: ContainerPlace, order: ContainerOrder): Container {
  const { settings, assignment, id, address } = place;
  const state: { -readonly [Key in keyof ContainerReport]: ContainerReport[Key] } = {
    name: order.name,
    status: "PENDING",
    health: "UNKNOWN",
    networkBindings: [],
  };
  const ends: (() => void)[] = [];
  let launched: Launched | undefined;
  let startedAt: number | undefined;
  let stopping = false;

  const stopped = (outcome: Partial<ContainerReport>): void => {
    if (state.status === "STOPPED") {
      return;
    }
    ends.splice(0).forEach((end) => end());
    launched?.kill();
    Object.assign(state, { status: "STOPPED", networkBindings: [] }, outcome);
    log(
      `container ${order.name} of ${assignment.taskArn} stopped: ${outcome.reason ?? String(outcome.exitCode)}`,
    );
    void rm(join(containersFolder, id), { recursive: true, force: true }).catch(() => undefined);
    place.changed();
  };

  const start = async (hosts: string): Promise<void> => {
    if (typeof place.bindings === "string") {
      throw cannotStart(place.bindings);
    }
    const running = await launch(place, order, hosts);
    launched = running;
    startedAt = Date.now();
    void running.ended.then((exitCode) => stopped({ exitCode }));
    Object.assign(state, { status: "RUNNING", runtimeId: id, networkBindings: place.bindings });
    log(`container ${order.name} of ${assignment.taskArn} runs ${order.image}`);
    if (order.healthCheck !== undefined) {
      const changed = (health: Health): void => {
        if (state.health !== health) {
          state.health = health;
          place.changed();
        }
      };
      ends.push(watchHealth(order.healthCheck, (words, timeout) => running.probe(words, timeout), changed));
    }
    for (const { hostPort, containerPort } of place.bindings) {
      ends.push(publish(settings, hostPort, running.reach(containerPort)));
    }
    if (stopping) {
      signalStop();
    }
    place.changed();
  };
  const signalStop = (): void => {
    launched?.stop();
    const timer = setTimeout(() => launched?.kill(), order.stopTimeout * 1000);
    ends.push(() => clearTimeout(timer));
  };

  return {
    id,
    order,
    address,
    report: () => ({ ...state }),
    startedAt: () => startedAt,
    start: (hosts) => {
      start(hosts).catch((error: unknown) => stopped({ reason: reason(error) }));
    },
    stop: () => {
      if (!stopping) {
        stopping = true;
        signalStop();
      }
    },
    abandon: (why) => stopped(why === undefined ? {} : { exitCode: neverRan, reason: why }),
    kill: () => launched?.kill(),
  };
}

/** Pulls the image, and starts the command of the image and the task definition. */
async function launch(place: ContainerPlace, order: ContainerOrder, hosts: string): Promise<Launched> {
  const { settings, assignment, id } = place;
  const pulled = await pullImage(settings, order.image);
  const { image } = pulled;
  const words = [
    ...(order.entryPoint ?? image.entrypoint),
    ...(order.command ?? (order.entryPoint === undefined ? image.command : [])),
  ];
  if (words.length === 0) {
    throw cannotStart("the image and the task definition name no command");
  }
  const environment = {
    HOSTNAME: id,
    ECS_CONTAINER_METADATA_URI_V4: place.metadataUri,
    ...image.environment,
    ...order.environment,
  };
  const output = openSync(logFile(settings, assignment, order.name), "a");
  const start = settings.sandbox === "process" ? launchBare : launchInNamespaces;
  return start({ place, order, pulled, hosts, words, environment, output }).finally(() => closeSync(output));
}

function logFile(settings: Settings, { taskArn }: Assignment, name: string): string {
  const folder = join(settings.root, "/var/log/containers");
  mkdirSync(folder, { recursive: true });
  return join(folder, `${name}-${taskArn.slice(taskArn.lastIndexOf("/") + 1)}.log`);
}
