import { counted } from "../../cli/report/counted";
import { readFromEveryNode, type Answers } from "../page";
import type { EnvironmentFile } from "../project";
import type { ShownNode } from "../show/nodes";
import { nodesPicture } from "../show/nodes";
import { together, type Picture } from "../show/picture";
import { changeToldBy, stacksPicture, type Changes } from "../show/stacks";
import { watchNodes } from "../watch/watch";
import type { Stage } from "./step";

const site = "ams3";

/** Deploys with this many nodes. Returns Terraform's changes. */
export async function deployWith(
  stage: Stage,
  nodes: number,
  show: (picture: Picture) => void,
): Promise<Changes> {
  const before = stage.environment;
  const { [site]: settings } = before.sites;
  const after = { ...before, sites: { ...before.sites, [site]: { ...settings, nodes } } };
  stage.environment = after;
  stage.project.configure(after);
  // Nodes that are removed are followed until they are gone.
  const watched = Number(settings?.["nodes"]) > nodes ? before : after;
  return watchingNodes(stage, watched, show, ["deploy", "--auto-approve"]);
}

/** Runs one of the project's commands that changes something, and shows stacks and nodes meanwhile. */
export async function watchingNodes(
  { project, cloud }: Stage,
  environment: EnvironmentFile,
  show: (picture: Picture) => void,
  command: readonly string[],
): Promise<Changes> {
  const changes = new Map<string, string>();
  let nodes: readonly ShownNode[] = [];
  const draw = (): void => {
    show(together([stacksPicture(new Map(changes)), nodesPicture(nodes)]));
  };
  const watch = watchNodes(project, environment, cloud.admin, (seen) => {
    nodes = seen;
    draw();
  });
  try {
    const told = (line: string): void => {
      const change = changeToldBy(line);
      if (change !== undefined) {
        changes.set(...change);
        draw();
      }
    };
    await project.tellingAnywhere(told, ...command);
  } finally {
    await watch.end();
  }
  return changes;
}

/** The total of changes: `96 resources added in 7 stacks`. */
export function changeOf(changes: Changes, how: "added" | "destroyed"): string {
  const pattern = new RegExp(`(\\d+) ${how}`);
  const counts = [...changes.values()].map((words) => Number(pattern.exec(words)?.[1] ?? 0));
  const sum = counts.reduce((total, count) => total + count, 0);
  return `${counted(sum, "resource")} ${how} in ${counted(counts.filter((count) => count > 0).length, "stack")}`;
}

/** Reads the page until each of this many nodes has answered, and no other. */
export async function readWith(stage: Stage, nodes: number): Promise<Answers> {
  const names = Array.from({ length: nodes }, (_, index) => `node-${index + 1}`);
  return readFromEveryNode(await urlOf(stage), names);
}

/** The page's URL. */
export async function urlOf({ project }: Stage): Promise<string> {
  const { urls } = (await project.outputs(`compute-${site}`)) as { urls: { web: readonly string[] } };
  return urls.web[0] ?? "";
}
