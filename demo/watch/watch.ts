import { createInterface } from "node:readline";
import type { FleetNode } from "../../cli/fleet/fleet";
import type { AdminClient } from "../../local-cloud/admin/admin-client";
import type { EnvironmentFile, Project } from "../project";
import type { ShownNode } from "../show/nodes";

/** Follows the nodes of an environment until it is ended. */
export interface Watch {
  /** Takes a last look first: the end of what is watched may be later than the one before. */
  end(): Promise<void>;
}

/** Milliseconds that the last look may take. */
const patience = 10_000;

/**
 * Looks every second at the nodes of this environment, in a separate process, and at the consoles of those that boot.
 *
 * @param see receives them
 */
export function watchNodes(
  project: Pick<Project, "startScript">,
  environment: EnvironmentFile,
  admin: AdminClient,
  see: (nodes: readonly ShownNode[]) => void,
): Watch {
  const child = project.startScript("demo/watch/looks.ts", environment);
  const boots = new Map<string, string>();
  const follow = async (): Promise<void> => {
    for await (const line of createInterface({ input: child.stdout })) {
      // The last line of one that was killed may be a part.
      if (!child.killed) {
        const nodes = JSON.parse(line) as readonly FleetNode[];
        await Promise.all(nodes.map((node) => readBoot(admin, node, boots)));
        see(nodes.map((node) => ({ ...node, boot: boots.get(node.machine?.id ?? "") })));
      }
    }
  };
  const followed = follow();
  return {
    end: async () => {
      child.stdin.end();
      const timer = setTimeout(() => child.kill(), patience);
      await followed;
      clearTimeout(timer);
    },
  };
}

/** Reads the console of a droplet's machine until it says that it is a node. */
async function readBoot(
  admin: AdminClient,
  { machine }: FleetNode,
  boots: Map<string, string>,
): Promise<void> {
  if (machine === null || boots.get(machine.id) === "ready") {
    return;
  }
  // A new droplet has none yet.
  const text = await admin.console(`droplet-${machine.id}`).catch(() => "");
  const step = bootStep(text);
  if (step !== undefined) {
    boots.set(machine.id, step);
  }
}

/** The last step that a node's bootstrap names on its console; `ready` after the last. */
export function bootStep(console: string): string | undefined {
  const [, step] = [...console.matchAll(/^anywhere: (READY|FAILED [a-z]+|[a-z]+)/gm)].at(-1) ?? [];
  return step === "READY" ? "ready" : step;
}
