import { setUpBare } from "./system/bare-setup";
import { post } from "./agents/cloud";
import { serveControls } from "./control";
import { startEcsAgent } from "./agents/ecs-agent";
import { createEngine } from "./containers/engine";
import { isFirstBoot, runUserData } from "./system/first-boot";
import { freePort } from "./containers/ports";
import { reachPrivateAddresses } from "./private-addresses";
import type { Stop } from "./repetition";
import { log, reason, type Settings } from "./settings";
import { startSsmAgent } from "./agents/ssm-agent";
import { createTools } from "./system/tools";
import { createUnits, type Service } from "./system/units";

/** The one process that is a machine: its service manager, its container engine and, as parts, its two agents. */
async function main(settings: Settings): Promise<void> {
  // With namespaces the real agent's address, whose port 80 leads here.
  const metadata =
    settings.sandbox === "process"
      ? { host: "127.0.0.1", port: await freePort() }
      : { host: "169.254.170.2", port: 51679 };
  const engine = createEngine(settings, metadata);
  process.once("exit", () => engine.kill());
  const agents = {
    ssm: switchable(() => startSsmAgent(settings)),
    ecs: switchable(() => startEcsAgent(settings, engine, metadata)),
  };
  const idle = { start: () => undefined, stop: () => undefined };
  const units = createUnits(
    new Map<string, Service>([
      ["docker.service", { package: "docker.io", requires: [], ...idle }],
      ["amazon-ssm-agent.service", { package: "amazon-ssm-agent", requires: [], ...agents.ssm }],
      ["ecs.service", { package: "amazon-ecs-init", requires: ["docker"], ...agents.ecs }],
    ]),
    () => {
      void tell(settings, "powering-off", {}).finally(() => process.exit());
    },
  );
  await serveControls(settings, {
    tools: createTools(settings, units, engine),
    agent: (action) =>
      Object.values(agents).forEach((agent) => agent[action === "stop" ? "kill" : "revive"]()),
  });
  if (settings.sandbox === "namespaces") {
    reachPrivateAddresses(settings);
  }
  await tell(settings, "booted", {});
  if (settings.sandbox === "process") {
    const registered = await setUpBare(settings);
    agents.ssm.start();
    agents.ecs.start();
    if (registered) {
      await tell(settings, "ready", {
        exitCode: 0,
        line: "registered by itself: user-data needs namespaces",
      });
    }
  } else if (isFirstBoot()) {
    const { exitCode, line } = await runUserData();
    await tell(settings, exitCode === 0 ? "ready" : "failed", { exitCode, line });
  } else {
    await units.boot();
  }
}

interface Switch {
  start(): void;
  stop(): void;
  /** Kills it, without an orderly stop. */
  kill(): void;
  /** Starts it again after a kill. */
  revive(): void;
}

function switchable(begin: () => Stop): Switch {
  let end: Stop | undefined;
  let killed = false;
  const start = (): void => {
    end ??= begin();
    killed = false;
  };
  const stop = (): void => {
    end?.();
    end = undefined;
    killed = false;
  };
  return {
    start,
    stop,
    kill: () => {
      const ran = end !== undefined;
      stop();
      killed = ran;
    },
    revive: () => {
      if (killed) {
        start();
      }
    },
  };
}

async function tell(settings: Settings, event: string, detail: object): Promise<void> {
  await post(settings, "/machine/event", { machine: settings.machine, event, detail });
}

// The local cloud holds the other end: when it is gone, for whatever reason, so is the machine.
process.stdin
  .on("end", () => process.exit())
  .on("error", () => process.exit())
  .resume();

const settings = JSON.parse(process.argv[2] ?? "") as Settings;
main(settings).catch(async (error: unknown) => {
  log(`failed: ${reason(error)}`);
  await tell(settings, "failed", { exitCode: 1, line: reason(error) }).catch(() => process.exit(1));
});
