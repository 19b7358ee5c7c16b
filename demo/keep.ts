import { spawn } from "node:child_process";
import { shellQuoted } from "../local-cloud/environment";
import { startDashboard } from "./dashboard";
import { list } from "./show/story";
import type { Teller } from "./show/plain-teller";
import { urlOf } from "./steps/nodes";
import type { Stage } from "./steps/step";

/** Says where what is deployed can be seen and worked with, and waits until it is ended. */
export async function stayUp(stage: Stage, teller: Teller): Promise<void> {
  const { cloud, project, shellFile } = stage;
  const page = await urlOf(stage);
  const dashboard = await startDashboard(project);
  const entries = [
    ["page", page],
    ["dashboard", dashboard],
    ["shell", `. ${shellQuoted(shellFile)}`],
    ["in it", "npm run diff, npx anywhere status, npx anywhere logs web, npm run destroy"],
    ["to end it", "Ctrl-C"],
  ] as const;
  teller.say((screen) => `\n${list(entries, screen)}`);
  if (process.stdout.isTTY) {
    openInBrowser(page);
  }
  await new Promise((resolve) => cloud.process.once("exit", resolve));
}

/** Where there is a browser. */
function openInBrowser(url: string): void {
  const hasDesktop =
    process.platform === "darwin" || ["DISPLAY", "WAYLAND_DISPLAY"].some((name) => name in process.env);
  if (hasDesktop) {
    const child = spawn(process.platform === "darwin" ? "open" : "xdg-open", [url], {
      detached: true,
      stdio: "ignore",
    });
    // Its address has been said.
    child.once("error", () => undefined).unref();
  }
}
