import type { Problem } from "../problem";
import type { Config } from "../schema";
import type { Sites } from "../sites/nodes";
import { containerProblems, listOf } from "./container-rules";

/** What is wrong with jobs, each by itself and at its site. */
export function jobProblems(config: Config, sites: Sites): Problem[] {
  return Object.entries(config.jobs).flatMap(([name, job]): Problem[] => {
    const path = ["jobs", name];
    if (!sites.has(job.site)) {
      return [{ path: [...path, "site"], message: `names no site: known are ${listOf([...sites.keys()])}` }];
    }
    const namesake: Problem[] =
      name in config.services
        ? [
            {
              path,
              message: "has the name of a service, whose roles and logs would be the same: choose another",
            },
          ]
        : [];
    const placed = { path, name, container: job, at: [job.site], taken: [] };
    return [...namesake, ...containerProblems(placed, config, sites)];
  });
}
