import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Project } from "./project";

/**
 * Starts the project's dashboard, which ends with this process.
 *
 * @returns its address
 * @throws Error when it doesn't start
 */
export async function startDashboard(project: Project): Promise<string> {
  const child = project.startAnywhere("dashboard", "--json");
  process.once("exit", () => child.kill());
  const said = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(said, "line"), once(child, "close")])) as [unknown];
  if (typeof line !== "string") {
    throw new Error(`The dashboard ended with exit code ${String(line)}`);
  }
  return (JSON.parse(line) as { readonly url: string }).url;
}
