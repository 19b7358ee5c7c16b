import { namesOf } from "../../../config/names";
import { announceEnvironment } from "../../commands/deployment";
import { eventsOf } from "../../fleet/events";
import { expectedOf } from "../../fleet/expected";
import { askEcs } from "../../fleet/sources/ecs";
import { withCluster } from "../../fleet/sources/cluster";
import { familiesOf, taskFrom } from "../../fleet/tasks";
import { shortTime } from "../../fleet/time";
import { Refusal } from "../../refusals/refusal";
import { unknownName } from "../../refusals/unknown-name";
import { screenOf } from "../../report/screen";
import { table } from "../../report/table";
import { exitCodes } from "../exit-codes";
import type { JsonOptions } from "../options";

/**
 * Shows what ECS reports about a service, a job's runs, or all of them: events, and why tasks stopped.
 *
 * @throws {Refusal} when there is no such deployment, service or job.
 */
export async function events(name: string | undefined, { json = false }: JsonOptions): Promise<number> {
  const { config } = announceEnvironment(process.env);
  const names = namesOf(config);
  const expected = expectedOf(config);
  const known = [...Object.keys(config.services), ...Object.keys(config.jobs)];
  if (name !== undefined && !known.includes(name)) {
    throw new Refusal(unknownName("service or job", [name], known));
  }
  const services = expected.services.filter(({ service }) => name === undefined || service === name);
  const families = familiesOf(config, expected);
  const endedOf = [...families]
    .filter(([, of]) => name === undefined || of === name)
    .map(([family]) => family);
  const answer = await withCluster(config, (client, cluster) =>
    askEcs(client, { cluster, services: services.map((one) => one.name), endedOf }),
  );
  const tasks = answer.tasks.map((task) => taskFrom(task, families));
  const all = eventsOf(answer.services, tasks, answer.containerInstances);
  if (json) {
    console.log(JSON.stringify({ deployment: config.name, events: all }, undefined, 2));
  } else {
    const { width } = screenOf(process.stdout, process.env);
    const rows = all.map(({ at, of, node, message }) => [
      shortTime(at),
      node === null ? of : `${of}\n${node}`,
      message,
    ]);
    console.log(rows.length === 0 ? `There are no events in ${names.cluster}.` : table(rows, width));
  }
  return exitCodes.fine;
}
