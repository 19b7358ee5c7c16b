import { awsCli } from "../../checks/scripts";
import { versionProblems, type Requirement } from "../../checks/program";
import { announceEnvironment } from "../../commands/deployment";
import { execTarget } from "../../fleet/exec-target";
import { withCluster } from "../../fleet/sources/cluster";
import { containerInstancesOf, describeTasks, listTasks } from "../../fleet/sources/ecs";
import { Refusal } from "../../refusals/refusal";
import { attach } from "../../terraform/child-process";

export interface ExecOptions {
  /** Only tasks of this site. */
  readonly site?: string;
  /** The service's own by default. */
  readonly container?: string;
}

const plugin: Requirement = {
  command: "session-manager-plugin",
  args: ["--version"],
  pattern: /^((\d+)\.(\d+)\S*)/,
  oldest: { 1: 1 },
  wanted:
    "the Session Manager plugin 1.1 or later " +
    "(https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html)",
};

/**
 * Runs a command in the container of a running task through ECS Exec, at the user's terminal.
 *
 * @param target a service, the beginning of a task's id, or a node as site/node
 * @returns the exit code of the AWS CLI, which doesn't report the command's own.
 * @throws {Refusal} with the remedy, when a prerequisite is missing.
 */
export async function exec(
  target: string,
  command: readonly string[],
  { site, container = "app" }: ExecOptions,
): Promise<number> {
  const { config } = announceEnvironment(process.env);
  const { region } = config.aws;
  const [chosen, cluster] = await withCluster(config, async (client, name) => {
    const [instances, tasks] = await Promise.all([
      containerInstancesOf(client, name),
      listTasks(client, { cluster: name, desiredStatus: "RUNNING" }).then((arns) =>
        describeTasks(client, name, arns),
      ),
    ]);
    return [execTarget(config, { target, site, container }, tasks, instances), name] as const;
  });
  await refuseMissing();
  console.error(`${chosen.of}: container ${container} of task ${chosen.task} on ${chosen.node}`);
  const where = ["--region", region, "--cluster", cluster, "--task", chosen.task, "--container", container];
  return attach({
    command: "aws",
    args: ["ecs", "execute-command", ...where, "--interactive", "--command", command.map(quoted).join(" ")],
    variables: process.env,
  });
}

async function refuseMissing(): Promise<void> {
  const own = { variables: process.env, notice: console.error };
  const missing = await Promise.all([awsCli, plugin].map((one) => versionProblems(one, own)));
  if (missing.flat().length > 0) {
    throw new Refusal(missing.flat().join("\n"));
  }
}

/** The agent in the container splits the text as a shell does, but runs none. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}
