import type { Problem } from "../problem";
import type { Config } from "../schema";
import type { Sites } from "../sites/nodes";
import { containerProblems, listOf } from "./container-rules";

/** Problems with jobs, each on its own and at its site. */
export function* jobProblems(config: Config, sites: Sites): Iterable<Problem> {
  for (const [name, job] of Object.entries(config.jobs)) {
    const path = ["jobs", name];
    if (!sites.has(job.site)) {
      yield { path: [...path, "site"], message: `is not a site: choose one of ${listOf([...sites.keys()])}` };
      continue;
    }
    if (name in config.services) {
      const message =
        "is also the name of a service, which would have the same roles and logs: choose another";
      yield { path, message };
    }
    yield* containerProblems({ path, name, container: job, at: [job.site], taken: [] }, config, sites);
  }
}
