import type { Fleet, FleetJob, FleetService, Stranger } from "./fleet";
import { deregistering, nodeProblems } from "./node-problems";
import { shortTime } from "./time";
import { kinds, type Problem } from "./problem";

/** All problems, the most far-reaching first. */
export function problemsOf(fleet: Fleet): Problem[] {
  const nodes = fleet.sites.flatMap(({ kind, nodes: all }) => all.map((node) => ({ node, kind })));
  const found = [
    ...fleet.unanswered.map(({ source, reason }): Problem => ({
      kind: "unanswered",
      subject: source,
      message: `can't be queried: ${reason}`,
      remedy: "fix that and run again: its information is missing below",
    })),
    ...nodes.flatMap(({ node, kind }) => nodeProblems(node, kind, fleet)),
    ...fleet.services.flatMap(serviceProblems),
    ...fleet.jobs.flatMap(jobProblems),
    ...fleet.strangers.map((stranger): Problem => ({
      kind: "unknown-registration",
      subject: stranger.id,
      message: `a ${stranger.kind} (${stranger.name ?? "nameless"}, ${stranger.state}) that belongs to no node in the file`,
      remedy: `find out whose it is; "${removal(stranger, fleet)}" removes it`,
    })),
  ];
  return found.sort((one, other) => kinds.indexOf(one.kind) - kinds.indexOf(other.kind));
}

function removal({ kind, id }: Stranger, { deployment, region }: Fleet): string {
  switch (kind) {
    case "droplet":
      return `doctl compute droplet delete ${id}`;
    case "managed instance":
      return `aws ssm deregister-managed-instance --region ${region} --instance-id ${id}`;
    case "container instance":
      return deregistering(id, deployment, region);
  }
}

function serviceProblems(service: FleetService): Problem[] {
  const { service: of, name: subject, status, desired, running, deployments, lastEvent } = service;
  const deploy = `npm run deploy -- service-${of}`;
  if (status === "MISSING") {
    return [{ kind: "service-missing", subject, message: "isn't deployed", remedy: `"${deploy}"` }];
  }
  if (status === "DRAINING") {
    const message = `is being deleted; tasks still running: ${running}`;
    const remedy = `"npm run destroy -- service-${of}" completes that; "${deploy}" brings it back`;
    return [{ kind: "service-missing", subject, message, remedy }];
  }
  const failed = deployments.find(({ state }) => state === "FAILED");
  if (failed !== undefined) {
    const remedy = `"npx anywhere events ${of}" shows why; fix that and run "${deploy}"`;
    return [
      {
        kind: "service-failed",
        subject,
        message: `the roll-out of ${failed.revision} failed: ${failed.reason}`,
        remedy,
      },
    ];
  }
  const underWay = deployments.filter(({ state }) => state === "IN_PROGRESS");
  const stopped = underWay.reduce((sum, { failedTasks }) => sum + failedTasks, 0);
  // More run for a moment while a node or a revision is replaced.
  if (running >= desired && stopped === 0) {
    return [];
  }
  const failures = stopped === 0 ? "" : `, ${stopped} failed`;
  const latest = lastEvent === null ? "" : `: ${lastEvent.message}`;
  return [
    {
      kind: "service-unsteady",
      subject,
      message: `${running} of ${desired} tasks run${failures}${latest}`,
      remedy: `"npx anywhere events ${of}" shows why, unless a roll-out is in progress`,
    },
  ];
}

function jobProblems({ job, last }: FleetJob): Problem[] {
  if (last === null || last.exitCode === 0) {
    return [];
  }
  const end = last.exitCode === null ? "never ran" : `ended with code ${last.exitCode}`;
  const reason = last.reason === null ? "" : `: ${last.reason}`;
  return [
    {
      kind: "job-failed",
      subject: job,
      message: `its last run (${shortTime(last.stoppedAt)}) ${end}${reason}`,
      remedy: `"npx anywhere logs ${job}" shows its output`,
    },
  ];
}
