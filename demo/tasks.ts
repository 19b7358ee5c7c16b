import { setTimeout as pause } from "node:timers/promises";
import type { Project } from "./project";

/** How a run of a job has ended. */
export interface JobRun {
  readonly job: string;
  readonly exitCode: number;
}

/** Seconds that a job may take to be started and to end. */
const patience = 120;

/** Ids of the running tasks of these services at a site, sorted. */
export async function runningTasks(
  project: Project,
  deployment: string,
  site: string,
  services: readonly string[],
): Promise<string[]> {
  const lists = await Promise.all(
    services.map((service) => tasksOf(project, deployment, `${deployment}--${service}--${site}`, "RUNNING")),
  );
  return lists
    .flat()
    .map((arn) => arn.slice(arn.lastIndexOf("/") + 1))
    .sort();
}

/**
 * Waits until a job has run.
 * @throws Error when it hasn't within two minutes
 */
export async function awaitRun(project: Project, deployment: string, job: string): Promise<JobRun> {
  const end = Date.now() + patience * 1000;
  while (Date.now() < end) {
    const [task] = await tasksOf(project, deployment, `${deployment}--${job}`, "STOPPED");
    const exitCode = task === undefined ? undefined : await exitCodeOf(project, deployment, task);
    if (exitCode !== undefined) {
      return { job, exitCode };
    }
    await pause(1000);
  }
  throw new Error(`The job ${job} has not run within ${patience} s`);
}

async function tasksOf(
  project: Project,
  cluster: string,
  family: string,
  status: "RUNNING" | "STOPPED",
): Promise<readonly string[]> {
  const found = ["--cluster", cluster, "--family", family, "--desired-status", status];
  const { taskArns } = JSON.parse(await project.aws("ecs", "list-tasks", ...found)) as {
    taskArns: readonly string[];
  };
  return taskArns;
}

async function exitCodeOf(project: Project, cluster: string, task: string): Promise<number | undefined> {
  const answer = await project.aws("ecs", "describe-tasks", "--cluster", cluster, "--tasks", task);
  const { tasks } = JSON.parse(answer) as {
    tasks: readonly { lastStatus: string; containers: readonly { exitCode?: number }[] }[];
  };
  return tasks[0]?.lastStatus === "STOPPED" ? tasks[0].containers[0]?.exitCode : undefined;
}
