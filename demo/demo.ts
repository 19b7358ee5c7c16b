import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Command } from "commander";
import { wrapped } from "../cli/report/table";
import { startLocalCloud, type LocalCloud } from "../local-cloud/start";
import { endCommands } from "./command";
import { stayUp } from "./keep";
import { Project } from "./project";
import { provenWith } from "./providers";
import { writeReport, type Report } from "./report";
import { farewell, introduction } from "./show/frame";
import { plainTeller, screenFor } from "./show/plain-teller";
import { recordingTeller, tellAll, terminalTeller } from "./show/teller";
import { changing } from "./steps/changing";
import { deploying } from "./steps/deploying";
import { ending } from "./steps/ending";
import { take, type Stage } from "./steps/step";

interface Options {
  readonly keep: boolean;
  readonly report?: string;
  readonly recording?: string;
  readonly providers: string;
  readonly sandbox: string;
  readonly directory: string;
}

/** Columns of a recording. */
const columns = 100;

async function demo(options: Options): Promise<void> {
  const { keep, report: file, recording, providers, sandbox } = options;
  const directory = resolve(options.directory);
  const folder = join(directory, "demo");
  mkdirSync(folder, { recursive: true });
  const recorder = recordingTeller(columns);
  const teller = tellAll([
    process.stdout.isTTY ? terminalTeller(process.stdout) : plainTeller(process.stdout),
    recorder,
  ]);
  const cloud = await startLocalCloud({
    directory,
    args: ["--providers", providers, "--sandbox", sandbox],
  });
  const journal = join(folder, "journal.json");
  const writeJournal = async () => {
    writeFileSync(journal, JSON.stringify(await cloud.admin.journal(0), undefined, 1));
  };
  const end = () => {
    const text =
      "Interrupted: the embedded clouds are stopping, and everything deployed in them goes with them.";
    process.stderr.write(`\n${wrapped(text, screenFor(process.stderr).width)}\n`);
    // Without the clouds they would try again for minutes.
    void endCommands()
      .then(writeJournal)
      .catch(() => undefined)
      .then(() => cloud.stop())
      .then(() => process.exit(130));
  };
  process.once("SIGINT", end).once("SIGTERM", end);
  const report: Report = emptyReport(cloud);
  const write = (): void => {
    if (file !== undefined) {
      writeReport(file, report);
    }
  };
  try {
    // Written at once, so that a place that can't be written is found now and not after minutes.
    write();
    const project = new Project(cloud, folder);
    const environment = await project.localEnvironment();
    project.configure(environment);
    const shellFile = join(directory, "env");
    project.writeShellScript(shellFile);
    report.running = {
      services: Object.keys(environment.services ?? {}),
      jobs: Object.keys(environment.jobs ?? {}),
    };
    // The real one measures the droplets behind load balancers every two minutes.
    await cloud.admin.digitalocean({ metricsMilliseconds: 1000 });
    const foreign = await cloud.admin.seedForeign(environment.name);
    const stage: Stage = { project, cloud, environment, foreign, folder, shellFile, report };
    teller.say((screen) =>
      introduction(foreign, { log: shown(project.log), sandboxReason: cloud.sandboxReason }, screen),
    );
    const further = [...changing(stage), ...ending(stage)];
    await take([...deploying(stage), ...(keep ? [] : further)], teller, report);
    teller.say((screen) =>
      farewell(
        {
          proven: provenWith(report.providers),
          log: shown(project.log),
          journal: shown(journal),
          steps: report.steps,
        },
        screen,
      ),
    );
    if (recording !== undefined) {
      writeFileSync(recording, recorder.text());
    }
    if (keep) {
      // Whoever looks now finds the calls so far, and later all of them.
      await writeJournal();
      await stayUp(stage, teller);
    }
  } finally {
    try {
      await writeJournal();
      write();
    } finally {
      await cloud.stop();
    }
  }
}

/** The shortest form of a path. */
const shown = (path: string): string => (relative("", path).startsWith("..") ? path : relative("", path));

const emptyReport = ({ sandbox }: LocalCloud): Report => ({
  providers: {},
  sandbox,
  steps: [],
  http: undefined,
  secondPlan: undefined,
  running: { services: [], jobs: [] },
  job: undefined,
  update: undefined,
  left: undefined,
  foreign: undefined,
});

new Command("demo")
  .description("Deploys into a fresh local cloud, updates, scales, destroys, and shows that nothing is left.")
  .option("--keep", "stay up after the deploy", false)
  .option("--report <file>", "write the measurements as JSON")
  .option("--recording <file>", "write the screen that a terminal shows at the end, with its colours")
  .option("--directory <folder>", "folder for everything that it writes", ".local-cloud")
  .option("--providers <setting>", "real, stand-in or auto", "auto")
  .option("--sandbox <setting>", "namespaces, process or auto", "auto")
  .action(async (options: Options) => {
    try {
      await demo(options);
    } catch (error) {
      console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    }
  })
  .parse();
