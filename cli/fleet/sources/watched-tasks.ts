import type { Task } from "@aws-sdk/client-ecs";

/** Started tasks, as far as ECS has reported them. */
export interface Watched {
  readonly tasks: readonly Task[];
  /** Whether all of them have ended. */
  readonly over: boolean;
}

/**
 * Looks at a task that ECS doesn't report yet: five minutes, at one look in two seconds. Source: Amazon ECS API
 * Reference, RunTask: new tasks may not be visible at once.
 */
const patience = 150;

/**
 * Returns, whenever it is called, what is known of tasks that have just been started. One that ECS doesn't know yet has
 * not ended; one that it no longer knows has: it forgets them an hour after their end.
 *
 * @param describe asks ECS for those that it knows
 */
export function watchTasks(
  describe: () => Promise<readonly Task[]>,
  arns: readonly string[],
): () => Promise<Watched> {
  const known = new Map<string, Task>();
  let looks = 0;
  return async () => {
    const told = await describe();
    looks++;
    const isOver = (arn: string): boolean => {
      const task = told.find(({ taskArn }) => taskArn === arn);
      return task === undefined ? known.has(arn) || looks > patience : task.lastStatus === "STOPPED";
    };
    const over = arns.every(isOver);
    told.forEach((task) => known.set(task.taskArn ?? "", task));
    return { tasks: [...known.values()], over };
  };
}
