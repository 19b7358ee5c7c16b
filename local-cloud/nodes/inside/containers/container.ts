import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import type { Assignment, TaskReport } from "../../../machines";
import { type Image, imageFolder, readImage } from "./dockerfile";
import { killGroup, type Health, type Surroundings, watchHealth } from "./health-check";
import { containerPort, freePort } from "./ports";
import { publish } from "./relay";
import type { Stop } from "../repetition";
import { log, reason, type Settings } from "../settings";

/** A task's container: a process with the image's folder as its working directory. */
export interface Container {
  readonly assignment: Assignment;
  report(): TaskReport;
  /** SIGTERM, and SIGKILL after the container's stop timeout. Stopped already is success. */
  stop(): void;
  /** SIGKILL to all of its processes. */
  kill(): void;
}

/** Starts a container; how that goes is in its report. */
export function startContainer(settings: Settings, assignment: Assignment, metadataPort: number): Container {
  const { taskArn, container } = assignment;
  let status: TaskReport["status"] = "PENDING";
  let health: Health = "UNKNOWN";
  let end: { exitCode?: number; reason: string } | undefined;
  let child: ChildProcess | undefined;
  let stopping = false;
  const stops: Stop[] = [];

  const stopped = (outcome: { exitCode?: number; reason: string }): void => {
    if (status === "STOPPED") {
      return;
    }
    stops.forEach((stop) => {
      stop();
    });
    killGroup(child?.pid);
    status = "STOPPED";
    end = outcome;
    log(`container ${container.name} of ${taskArn} stopped: ${outcome.reason}`);
  };

  const start = async (): Promise<void> => {
    const image = await pull(settings, container.image);
    const listensOn =
      settings.sandbox === "process" && container.containerPort !== undefined ? await freePort() : undefined;
    const surroundings = {
      cwd: image.folder,
      env: {
        HOME: "/root",
        HOSTNAME: containerId(taskArn),
        ECS_CONTAINER_METADATA_URI_V4: `http://127.0.0.1:${metadataPort}/v4/${containerId(taskArn)}`,
        ...image.environment,
        ...container.environment,
        PATH: `${image.folder}:${settings.programDirectory}:/usr/local/bin:/usr/bin:/bin`,
        ...(listensOn === undefined ? {} : { PORT: String(listensOn), HOST: "127.0.0.1" }),
      },
    };
    const command = container.command.length === 0 ? image.command : container.command;
    child = await run([...image.entrypoint, ...command], surroundings, logFile(settings, assignment));
    child.once("exit", (code, signal) => {
      const exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
      stopped({ exitCode, reason: "Essential container in task exited" });
    });
    if (stopping) {
      child.kill("SIGTERM");
    }
    status = "RUNNING";
    log(`container ${container.name} of ${taskArn} runs ${container.image}`);
    if (container.healthCheck !== undefined) {
      stops.push(watchHealth(container.healthCheck, surroundings, (found) => (health = found)));
    }
    if (container.hostPort !== undefined) {
      stops.push(
        publish(settings.socketDirectory, container.hostPort, listensOn ?? containerPort(container)),
      );
    }
  };
  void start().catch((error: unknown) => {
    stopped({ reason: reason(error) });
  });

  return {
    assignment,
    report: () => ({ taskArn, status, health, ...end }),
    kill: () => {
      killGroup(child?.pid);
    },
    stop: () => {
      if (stopping) {
        return;
      }
      stopping = true;
      child?.kill("SIGTERM");
      const timer = setTimeout(() => {
        killGroup(child?.pid);
      }, container.stopTimeout * 1000);
      stops.push(() => {
        clearTimeout(timer);
      });
    },
  };
}

async function pull(settings: Settings, reference: string): Promise<Image> {
  try {
    const folder = imageFolder(settings.imagesDirectory, reference);
    if (!existsSync(folder)) {
      throw new Error("not found");
    }
    return await readImage(folder);
  } catch (error) {
    throw new Error(`CannotPullContainerError: failed to resolve ref ${reference}: ${reason(error)}`, {
      cause: error,
    });
  }
}

/** Id of a task's only container; its host name too. */
export function containerId(taskArn: string): string {
  return taskArn.slice(-12);
}

/** Resolves once the program runs; fails as Docker does when it can't. */
function run(words: readonly string[], surroundings: Surroundings, logPath: string): Promise<ChildProcess> {
  const [program, ...parameters] = words;
  if (program === undefined) {
    throw new Error("CannotStartContainerError: the image and the task definition name no command");
  }
  const output = openSync(logPath, "a");
  const child = spawn(program, parameters, {
    ...surroundings,
    detached: true,
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  return new Promise((resolve, reject) => {
    child.once("spawn", () => {
      resolve(child);
    });
    child.once("error", (error) => {
      reject(new Error(`CannotStartContainerError: exec ${JSON.stringify(program)}: ${error.message}`));
    });
  });
}

function logFile(settings: Settings, { taskArn, container }: Assignment): string {
  const folder = join(settings.root, "/var/log/containers");
  mkdirSync(folder, { recursive: true });
  return join(folder, `${container.name}-${taskArn.slice(taskArn.lastIndexOf("/") + 1)}.log`);
}
