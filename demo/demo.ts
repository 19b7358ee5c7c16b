import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { Listr, type ListrTask } from "listr2";
import type { Foreign } from "../local-cloud/admin/admin";
import { countForeign, countLeft, plannedChanges } from "./evidence";
import { readFromEveryNode } from "./page";
import { startDashboard } from "./dashboard";
import { statusWhenWell } from "./status";
import { Project, type EnvironmentFile } from "./project";
import { provenWith, providersUsed } from "./providers";
import { writeReport, type Report } from "./report";
import { awaitRun } from "./tasks";
import { updateUnderLoad } from "./update";
import { startLocalCloud, type LocalCloud } from "../local-cloud/start";

interface Options {
  readonly keep: boolean;
  readonly report?: string;
  readonly providers: string;
  readonly sandbox: string;
  readonly directory: string;
}

/** What the steps work with. */
interface Stage {
  readonly project: Project;
  readonly cloud: LocalCloud;
  /** As it was deployed last. */
  environment: EnvironmentFile;
  readonly foreign: Foreign;
  readonly directory: string;
}

const site = "ams3";
const job = "report";
/** Of the scripts: a cloud of one's own, in which nothing takes long, bears to be asked more often than AWS. */
const waits = { POLL_SECONDS: "2" };

async function demo(options: Options): Promise<void> {
  const { keep, report: file, providers, sandbox } = options;
  const directory = resolve(options.directory);
  const folder = join(directory, "demo");
  mkdirSync(folder, { recursive: true });
  const cloud = await startLocalCloud({
    directory,
    args: ["--providers", providers, "--sandbox", sandbox],
  });
  const report: Report = {
    providers: {},
    sandbox: cloud.sandbox,
    steps: [],
    http: undefined,
    secondPlan: {},
    running: { services: [], jobs: [] },
    job: undefined,
    update: undefined,
    left: undefined,
    foreign: undefined,
  };
  const end = () => void cloud.stop().then(() => process.exit(130));
  process.once("SIGINT", end).once("SIGTERM", end);
  try {
    const variables = { ...cloud.variables, ...waits };
    const project = new Project({ ...cloud, variables }, folder);
    const environment = await project.localEnvironment();
    report.running = {
      services: Object.keys(environment.services ?? {}),
      jobs: Object.keys(environment.jobs ?? {}),
    };
    // The real one measures what is behind load balancers every two minutes.
    await cloud.admin.digitalocean({ metricsMilliseconds: 1000 });
    const foreign = await cloud.admin.seedForeign(environment.name);
    const stage = { project, cloud, environment, foreign, directory };
    const further = [...changing(stage, report, folder), ...ending(stage, report)];
    await run([...deploying(stage, report), ...(keep ? [] : further)], report);
    console.log(provenWith(report.providers));
    if (keep) {
      await stayUp(stage);
    }
  } finally {
    writeFileSync(join(folder, "journal.json"), JSON.stringify(await cloud.admin.journal(0), undefined, 1));
    if (file !== undefined) {
      writeReport(file, report);
    }
    await cloud.stop();
  }
}

/** A step, and what it has to say when it is done. */
interface Step {
  readonly title: string;
  /** Whether all that it says while it runs stays. */
  readonly lasting?: boolean;
  readonly act: (say: (text: string) => void) => Promise<string>;
}

function deploying(stage: Stage, report: Report): Step[] {
  return [
    {
      title: "Deploy control plane, two nodes and the services",
      act: () => deployWith(stage, 2),
    },
    {
      title: "Read the page through the load balancer",
      act: async () => {
        report.http = await readWith(stage, 2);
        return `HTTP ${report.http.status} from ${report.http.nodesSeen.join(", ")}`;
      },
    },
    {
      title: "Wait for the job",
      act: async () => {
        report.job = await awaitRun(stage.project, stage.environment.name, job);
        if (report.job.exitCode !== 0) {
          throw new Error(`The job ${job} has ended with ${report.job.exitCode}`);
        }
        return `${job} has run`;
      },
    },
    {
      title: "Look how it is",
      lasting: true,
      act: async (say) => {
        say(await statusWhenWell(stage.project));
        return "npx anywhere status";
      },
    },
    {
      title: "Plan again",
      act: async (say) => {
        for (const stack of stage.project.stacks()) {
          say(stack);
          report.secondPlan[stack] = await plannedChanges(stage.project, stack);
        }
        report.providers = providersUsed(stage.project, stage.cloud);
        const changed = Object.entries(report.secondPlan).filter(([, changes]) => changes > 0);
        if (changed.length > 0) {
          throw new Error(
            `A second plan must show no change, and shows ${JSON.stringify(Object.fromEntries(changed))}`,
          );
        }
        return "no change in any stack";
      },
    },
  ];
}

function changing(stage: Stage, report: Report, folder: string): Step[] {
  return [
    {
      title: "Update one service under load",
      act: async () => {
        const { project, environment } = stage;
        const { environment: updated, ...update } = await updateUnderLoad(
          project,
          environment,
          await urlOf(stage),
          join(folder, "app"),
        );
        stage.environment = updated;
        report.update = update;
        return (
          `${update.service}: ${update.requests} requests, ${Math.round(update.rate)} a second, ${update.failed} failed; ` +
          `${update.untouched.length} tasks of other services untouched`
        );
      },
    },
    ...[3, 1].map((nodes) => ({
      title: `Scale to ${nodes} ${nodes === 1 ? "node" : "nodes"}`,
      act: async () => {
        await deployWith(stage, nodes);
        const { nodesSeen } = await readWith(stage, nodes);
        return `answers from ${nodesSeen.join(", ")}`;
      },
    })),
  ];
}

function ending(stage: Stage, report: Report): Step[] {
  return [
    {
      title: "Destroy everything",
      act: async () => {
        await stage.project.mustAnywhere("destroy", "--auto-approve");
        return "destroyed";
      },
    },
    {
      title: "Count what is left",
      act: async () => {
        const { project, cloud, environment, foreign } = stage;
        report.left = await countLeft(project, cloud, environment.name);
        report.foreign = await countForeign(project, foreign);
        const { managedInstances, containerInstances } = report.foreign;
        if (Object.values(report.left).some((count) => count > 0)) {
          throw new Error(`Nothing must be left, and there is ${JSON.stringify(report.left)}`);
        }
        if (
          managedInstances !== foreign.managedInstances.length ||
          containerInstances !== foreign.containerInstances.length
        ) {
          throw new Error(
            `Foreign registrations were taken along: there are ${JSON.stringify(report.foreign)}`,
          );
        }
        return `nothing; all ${managedInstances + containerInstances} foreign registrations are still there`;
      },
    },
  ];
}

async function deployWith(stage: Stage, nodes: number): Promise<string> {
  const { project, environment } = stage;
  const { [site]: settings } = environment.sites;
  stage.environment = { ...environment, sites: { ...environment.sites, [site]: { ...settings, nodes } } };
  project.configure(stage.environment);
  await project.mustAnywhere("deploy", "--auto-approve");
  return `${nodes} nodes`;
}

async function readWith(stage: Stage, nodes: number) {
  const names = Array.from({ length: nodes }, (_, index) => `node-${index + 1}`);
  return readFromEveryNode(await urlOf(stage), names);
}

async function urlOf({ project }: Stage): Promise<string> {
  const { urls } = (await project.outputs(`compute-${site}`)) as { urls: { web: readonly string[] } };
  return urls.web[0] ?? "";
}

async function run(steps: readonly Step[], { steps: times }: Report): Promise<void> {
  const tasks = steps.map(({ title, lasting = false, act }): ListrTask => ({
    title,
    rendererOptions: lasting ? { persistentOutput: true, outputBar: Infinity } : {},
    task: async (_, task) => {
      const start = performance.now();
      const result = await act((text) => {
        task.output = text;
      });
      const seconds = Math.round((performance.now() - start) / 100) / 10;
      times.push({ name: title, seconds });
      task.title = `${title}: ${result} (${seconds} s)`;
    },
  }));
  await new Listr(tasks, { rendererOptions: { collapseErrors: false }, fallbackRenderer: "simple" }).run();
}

async function stayUp(stage: Stage): Promise<void> {
  const { cloud, directory } = stage;
  console.log(`The service web: ${await urlOf(stage)}`);
  console.log(`Its dashboard, live: ${await startDashboard(stage.project)}`);
  console.log(`A shell that works against these clouds: . ${join(directory, "env")}`);
  console.log("Ctrl-C ends everything.");
  await new Promise((resolve) => cloud.process.once("exit", resolve));
}

new Command("demo")
  .description("Deploys into a fresh local cloud, updates, scales, destroys, and shows that nothing is left.")
  .option("--keep", "stay up after the deploy", false)
  .option("--report <file>", "write what was measured as JSON")
  .option("--directory <folder>", "where everything is written", ".local-cloud")
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
