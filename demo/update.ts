import { appendFileSync, cpSync } from "node:fs";
import { join, resolve } from "node:path";
import { startLoad, type LoadProgress, type LoadResult } from "../local-cloud/load/load";
import type { LocalCloud } from "../local-cloud/start";
import type { EnvironmentFile, Project } from "./project";
import { loadPicture } from "./show/load";
import type { ShownNode } from "./show/nodes";
import { together, type Picture } from "./show/picture";
import { revisionsPicture } from "./show/revisions";
import { runningTasks } from "./tasks";
import { watchNodes } from "./watch/watch";

/** The effect of a roll-out on the users of the service. */
export interface Update {
  /** The service that was updated. */
  readonly service: string;
  readonly images: { readonly before: string; readonly after: string };
  /** Ids of the other services' tasks, which ran before and after it. */
  readonly untouched: readonly string[];
  readonly requests: number;
  /** Requests without a complete, good answer. None was tried twice. */
  readonly failed: number;
  /** Requests a second. */
  readonly rate: number;
  readonly seconds: number;
}

/** The deployment to update, and a folder for a copy of the sample. */
export interface UpdatedDeployment {
  readonly project: Project;
  readonly cloud: Pick<LocalCloud, "admin">;
  readonly environment: EnvironmentFile;
  readonly folder: string;
}

/** Fewer requests prove nothing. It's no rate: a slow computer sends fewer in a second, and takes more seconds. */
const enough = 500;
const service = "web";
const site = "ams3";
const sources = resolve(__dirname, "../app");

/**
 * Changes a copy of the sample service, and deploys it while requests come in steadily.
 * @returns the update, and the environment that it was deployed with
 * @throws Error when a request has failed, when there were too few of them, when a task of another service has ended, or when the image is still the same
 */
export async function updateUnderLoad(
  { project, environment, folder, cloud }: UpdatedDeployment,
  url: string,
  show: (picture: Picture) => void,
): Promise<Update & { readonly environment: EnvironmentFile }> {
  const others = Object.keys(environment.services ?? {}).filter((name) => name !== service);
  const tasks = () => runningTasks(project, environment.name, site, others);
  const [before, untouched] = [await imageOf(project), await tasks()];
  const copy = join(folder, "app");
  cpSync(sources, copy, { recursive: true });
  appendFileSync(join(copy, "server.js"), "\n// The second version.\n");
  const updated = { ...environment, images: { ...environment.images, [service]: { build: copy } } };
  let nodes: readonly ShownNode[] = [];
  let progress: LoadProgress | undefined;
  const draw = (): void => {
    show(together([revisionsPicture(service, nodes), loadPicture(progress)]));
  };
  const load = await startLoad({ url }, (told) => {
    progress = told;
    draw();
  });
  const watch = watchNodes(project, updated, cloud.admin, (seen) => {
    nodes = seen;
    draw();
  });
  let result: LoadResult;
  try {
    project.configure(updated);
    await project.mustAnywhere("deploy", `service-${service}`, "--auto-approve");
  } finally {
    await watch.end();
    result = await load.stop();
  }
  const [after, still] = [await imageOf(project), await tasks()];
  const { requests, failed, failures, rate, seconds } = result;
  if (failed > 0 || before === after) {
    throw new Error(
      `The update failed or disturbed clients: ${failed} of ${requests} requests failed, and ${before} became ${after}. ${failures.join("; ")}`,
    );
  }
  if (requests < enough) {
    throw new Error(
      `It takes ${enough} requests to prove anything, and this computer only managed ${requests}: close other programs`,
    );
  }
  if (untouched.length === 0 || still.join() !== untouched.join()) {
    throw new Error(`Tasks of other services must keep running: ${untouched.join()} became ${still.join()}`);
  }
  return {
    service,
    images: { before, after },
    untouched,
    requests,
    failed,
    rate,
    seconds,
    environment: updated,
  };
}

async function imageOf(project: Project): Promise<string> {
  const { image_uri: image } = (await project.outputs(`service-${service}`)) as { image_uri: string };
  return image;
}
