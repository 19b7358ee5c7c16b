import type { Screen } from "../../cli/report/screen";
import { duration } from "../../cli/report/duration";
import { wrapped } from "../../cli/report/table";
import type { Foreign } from "../../local-cloud/admin/admin";
import { list } from "./story";

/** The demo's introduction: its subject, and where to read all of it. */
export function introduction(
  foreign: Foreign,
  { log, sandboxReason }: { readonly log: string; readonly sandboxReason: string | undefined },
  screen: Screen,
): string {
  const { managedInstances, containerInstances } = foreign;
  const nodes = sandboxReason === undefined ? "Linux namespaces" : `plain processes, since ${sandboxReason}`;
  const entries = [
    ["emulated", "AWS and DigitalOcean, only on this computer: no account, nothing to pay"],
    ["real", `Terraform and its plans, the set-up of nodes, containers, every request; nodes are ${nodes}`],
    [
      "not ours",
      `somebody else has ${managedInstances.length} machines registered in the same account and region, ` +
        `${containerInstances.length} of them as ECS nodes: they must still be there at the end`,
    ],
    ["log", `${log}: all output of the commands`],
  ] as const;
  return `${list(entries, screen)}\n`;
}

/** The demo's end: how long it took, what it has proven, and where to read more. */
export function farewell(
  told: {
    readonly proven: string;
    readonly log: string;
    readonly journal: string;
    readonly steps: readonly { readonly seconds: number }[];
  },
  screen: Screen,
): string {
  const seconds = told.steps.reduce((sum, step) => sum + step.seconds, 0);
  const entries = [
    ["time", duration(seconds)],
    ["log", `${told.log}: all output of the commands`],
    ["journal", `${told.journal}: every call that the clouds have received`],
  ] as const;
  return `\n${list(entries, screen)}\n\n${wrapped(told.proven, screen.width)}`;
}
