import type { Screen } from "../../cli/report/screen";
import { wrapped } from "../../cli/report/table";
import type { Foreign } from "../../local-cloud/admin/admin";
import { inMinutes, list } from "./story";

/** What the demo is about, and where all of it can be read, before it begins. */
export function introduction(
  foreign: Foreign,
  { log, sandboxReason }: { readonly log: string; readonly sandboxReason: string | undefined },
  screen: Screen,
): string {
  const { managedInstances, containerInstances } = foreign;
  const nodes = sandboxReason === undefined ? "Linux namespaces" : `plain processes, since ${sandboxReason}`;
  const entries = [
    ["emulated", "AWS and DigitalOcean, on this computer alone: no account, nothing to pay"],
    ["real", `Terraform and its plans, the set-up of nodes, containers, every request; nodes are ${nodes}`],
    [
      "not ours",
      `in the same account and region somebody else has ${managedInstances.length} machines registered, ` +
        `${containerInstances.length} of them as ECS nodes: they must be there at the end`,
    ],
    ["log", `${log}: all that the commands say`],
  ] as const;
  return `${list(entries, screen)}\n`;
}

/** How long it took, what has been proven, and where more of it can be read. */
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
    ["time", inMinutes(seconds)],
    ["log", `${told.log}: all that the commands have said`],
    ["journal", `${told.journal}: every call that the clouds have received`],
  ] as const;
  return `\n${list(entries, screen)}\n\n${wrapped(told.proven, screen.width)}`;
}
