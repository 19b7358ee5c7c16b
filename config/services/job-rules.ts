import type { Problem } from "../problem";
import type { Config } from "../schema";
import type { Sites } from "../sites/nodes";
import { containerProblems, listOf } from "./container-rules";

/** What is wrong with jobs, each by itself and at its site. */
export function* jobProblems(config: Config, sites: Sites): Iterable<Problem> {
  for (const [name, job] of Object.entries(config.jobs)) {
    const path = ["jobs", name];
    if (!sites.has(job.site)) {
      yield { path: [...path, "site"], message: `names no site: known are ${listOf([...sites.keys()])}` };
      continue;
    }
    if (name in config.services) {
      const message = "has the name of a service, whose roles and logs would be the same: choose another";
      yield { path, message };
    }
    yield* containerProblems({ path, name, container: job, at: [job.site], taken: [] }, config, sites);
  }
}
