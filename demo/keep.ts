import { spawn } from "node:child_process";
import { shellQuoted } from "../local-cloud/environment";
import { startDashboard } from "./dashboard";
import { list } from "./show/story";
import type { Teller } from "./show/plain-teller";
import { urlOf } from "./steps/nodes";
import type { Stage } from "./steps/step";

/** Says where to see the deployment and how to work with it, and waits for Ctrl-C. */
export async function stayUp(stage: Stage, teller: Teller): Promise<void> {
  const { cloud, project, shellFile } = stage;
  const page = await urlOf(stage);
  const dashboard = await startDashboard(project);
  const entries = [
    ["page", page],
    ["dashboard", dashboard],
    ["shell", `. ${shellQuoted(shellFile)}`],
    ["in it", "npm run diff\nnpx anywhere status\nnpx anywhere logs web\nnpm run destroy"],
    ["to end it", "Ctrl-C"],
  ] as const;
  teller.say((screen) => `\n${list(entries, screen)}`);
  if (process.stdout.isTTY) {
    openInBrowser(page);
  }
  await new Promise((resolve) => cloud.process.once("exit", resolve));
}

/** Opens a URL if there is a browser. */
function openInBrowser(url: string): void {
  const hasDesktop =
    process.platform === "darwin" || ["DISPLAY", "WAYLAND_DISPLAY"].some((name) => name in process.env);
  if (hasDesktop) {
    const child = spawn(process.platform === "darwin" ? "open" : "xdg-open", [url], {
      detached: true,
      stdio: "ignore",
    });
    // The address has been printed anyway.
    child.once("error", () => undefined).unref();
  }
}
