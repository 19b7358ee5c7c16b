import { statusText } from "../../cli/report/status-text";
import { providersUsed } from "../providers";
import { statusWhenWell } from "../status";
import { awaitRun } from "../tasks";
import { changeOf, deployWith, readWith } from "./nodes";
import type { Stage, Step } from "./step";
import { titles } from "./titles";

const job = "report";

/** From nothing to a deployment that serves, and has nothing left to change. */
export function deploying(stage: Stage): Step[] {
  const { project, cloud, report } = stage;
  return [
    {
      title: titles.deploy,
      act: async (show) => {
        const changes = await deployWith(stage, 2, show);
        return () => changeOf(changes, "added");
      },
    },
    {
      title: titles.read,
      act: async () => {
        const { status, nodesSeen } = (report.http = await readWith(stage, 2));
        return () => `HTTP ${status} from ${nodesSeen.join(" and ")}`;
      },
    },
    {
      title: titles.job,
      act: async () => {
        report.job = await awaitRun(project, stage.environment.name, job);
        if (report.job.exitCode !== 0) {
          throw new Error(`The job ${job} has ended with ${report.job.exitCode}`);
        }
        return () => `${job} has ended with 0`;
      },
    },
    {
      title: titles.status,
      wide: true,
      act: async () => {
        const { problems, ...fleet } = await statusWhenWell(project);
        return (screen) => statusText(fleet, problems, screen);
      },
    },
    {
      title: titles.plan,
      act: async () => {
        report.secondPlan = await project.planInShell(stage.shellFile);
        report.providers = providersUsed(project, cloud);
        const { exitCode, unchanged } = report.secondPlan;
        const stacks = project.stacks();
        if (exitCode !== 0 || unchanged.join() !== stacks.join()) {
          throw new Error(
            `A second plan must show no change in ${stacks.join(", ")}: it shows none in ${unchanged.join(", ")}, and ends with ${exitCode}`,
          );
        }
        return () => `no change in any of ${unchanged.length} stacks`;
      },
    },
  ];
}
