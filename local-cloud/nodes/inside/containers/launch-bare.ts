import { spawn } from "node:child_process";
import { cannotStart, type Launch, type Launched } from "./launch";
import { exitCodeOf, killGroup, sendSignal, succeeds } from "./process-group";
import { freePort } from "./ports";

/**
 * Starts a container as a process of this computer, in its image's folder. It has to respect PORT and HOST, since other
 * machines' containers run beside it.
 */
export async function launchBare(launch: Launch): Promise<Launched> {
  const { order, pulled } = launch;
  const { settings } = launch.place;
  const refused = Object.entries({
    links: order.links.length > 0,
    mountPoints: order.mounts.length > 0,
    "an image without its own folder": pulled.folder === undefined,
    "several ports": order.ports.length > 1,
  }).find(([, present]) => present)?.[0];
  if (refused !== undefined) {
    throw cannotStart(
      `container ${order.name} needs ${refused}, and machines without namespaces have none: the local cloud's first lines of output say why they have none`,
    );
  }
  const port = await freePort();
  const env = {
    HOME: "/root",
    ...launch.environment,
    PATH: `${pulled.folder ?? ""}:${settings.programDirectory}:/usr/local/bin:/usr/bin:/bin`,
    ...(order.ports.length === 0 ? {} : { PORT: String(port), HOST: "127.0.0.1" }),
  };
  const surroundings = { cwd: pulled.folder, env };
  const [program = "", ...parameters] = launch.words;
  const child = spawn(program, parameters, {
    ...surroundings,
    detached: true,
    stdio: ["ignore", launch.output, launch.output],
  });
  const ended = exitCodeOf(child);
  const pid = await new Promise<number>((resolve, reject) => {
    child.once("spawn", () => resolve(child.pid ?? 0));
    child.once("error", (error) => reject(cannotStart(`exec ${JSON.stringify(program)}: ${error.message}`)));
  });
  return {
    ended,
    stop: () => sendSignal(pid, pulled.image.stopSignal),
    kill: () => killGroup(pid),
    probe: (words, timeout) => succeeds(words, surroundings, timeout),
    reach: () => ({ host: "127.0.0.1", port }),
  };
}
