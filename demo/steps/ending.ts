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
          throw new Error(`Something is left: ${JSON.stringify(left)}`);
        }
        const before = {
          managedInstances: foreign.managedInstances.length,
          containerInstances: foreign.containerInstances.length,
        };
        if (
          there.managedInstances !== before.managedInstances ||
          there.containerInstances !== before.containerInstances
        ) {
          throw new Error(
            `Registrations of others have changed: there are ${JSON.stringify(there)} of ${JSON.stringify(before)}`,
          );
        }
        return (screen) => leftText(name, left, { before, there }, screen);
      },
    },
  ];
}
