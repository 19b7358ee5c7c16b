import { counted } from "../../cli/report/counted";
import { number } from "../show/load";
import { updateUnderLoad } from "../update";
import { deployWith, readWith, urlOf } from "./nodes";
import type { Stage, Step } from "./step";
import { titles } from "./titles";

/** An ordinary day: a new version, more nodes, fewer nodes. */
export function changing(stage: Stage): Step[] {
  return [
    {
      title: titles.update,
      act: async (show) => {
        const { environment, ...update } = await updateUnderLoad(stage, await urlOf(stage), show);
        stage.environment = environment;
        stage.report.update = update;
        const { service, requests, rate, untouched } = update;
        return () =>
          `${service}: ${number(requests)} requests, ${Math.round(rate)} a second, none failed; ` +
          `${counted(untouched.length, "other task")} untouched`;
      },
    },
    ...(
      [
        [titles.grow, 3],
        [titles.shrink, 1],
      ] as const
    ).map(([title, nodes]): Step => ({
      title,
      act: async (show) => {
        await deployWith(stage, nodes, show);
        const { nodesSeen } = await readWith(stage, nodes);
        return () => `the page comes from ${nodesSeen.join(", ")}`;
      },
    })),
  ];
}
