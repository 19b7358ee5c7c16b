import { countForeign, countLeft } from "../evidence";
import { leftText } from "../show/left";
import { changeOf, watchingNodes } from "./nodes";
import type { Stage, Step } from "./step";
import { titles } from "./titles";

/** Back to nothing, except for somebody else's resources. */
export function ending(stage: Stage): Step[] {
  const { project, cloud, foreign, report } = stage;
  return [
    {
      title: titles.destroy,
      act: async (show) => {
        const changes = await watchingNodes(stage, stage.environment, show, ["destroy", "--auto-approve"]);
        return () => changeOf(changes, "destroyed");
      },
    },
    {
      title: titles.count,
      act: async () => {
        const { name } = stage.environment;
        const left = (report.left = await countLeft(project, cloud, name));
        const there = (report.foreign = await countForeign(project, foreign));
        if (Object.values(left).some((count) => count > 0)) {
          throw new Error(`Nothing must be left, and there is ${JSON.stringify(left)}`);
        }
        const before = {
          managedInstances: foreign.managedInstances.length,
          containerInstances: foreign.containerInstances.length,
        };
        if (
          there.managedInstances !== before.managedInstances ||
          there.containerInstances !== before.containerInstances
        ) {
          throw new Error(`Foreign registrations were taken along: there are ${JSON.stringify(there)}`);
        }
        return (screen) => leftText(name, left, { before, there }, screen);
      },
    },
  ];
}
