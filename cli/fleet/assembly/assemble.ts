import type { Config } from "../../../config/schema";
import { nextRun } from "./next-run";
import type { Expected } from "../expected";
import type { Fleet, FleetJob, FleetTask } from "../fleet";
import type { Answers } from "../sources/answers";
import { assembleNodes } from "./nodes";
import { assembleServices } from "./services";

/** Assembles the clouds' answers about a deployment. */
export function assemble(
  config: Config,
  expected: Expected,
  answers: Answers,
  tasks: readonly FleetTask[],
  at: Date,
): Fleet {
  const nodes = assembleNodes(config, expected, answers, tasks);
  return {
    deployment: config.name,
    region: config.aws.region,
    at: at.toISOString(),
    sites: nodes.sites,
    services: assembleServices(config, expected, answers, tasks),
    jobs: Object.entries(config.jobs).map(([name, job]) => jobFrom(name, job, tasks, at)),
    strangers: nodes.strangers,
    unanswered: answers.unanswered,
  };
}

function jobFrom(
  job: string,
  { site, schedule, timezone, enabled }: Config["jobs"][string],
  tasks: readonly FleetTask[],
  at: Date,
): FleetJob {
  const own = tasks.filter((task) => task.of === job && !task.byHand);
  const ended = own
    .filter(({ stoppedAt }) => stoppedAt !== null)
    .sort((one, other) => ((one.stoppedAt ?? "") < (other.stoppedAt ?? "") ? 1 : -1));
  return {
    job,
    site,
    schedule,
    timezone,
    enabled,
    running: own.filter(({ stoppedAt }) => stoppedAt === null),
    last: ended[0] ?? null,
    next: (enabled ? nextRun(schedule, timezone, at)?.toISOString() : undefined) ?? null,
  };
}
